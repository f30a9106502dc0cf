"""How many files may be open."""

import resource

import pytest

from mailgate.app.descriptor_limit import UNLIMITED, raise_descriptor_limit


@pytest.mark.parametrize(
    ("soft", "hard", "found"),
    [
        (1024, 4096, 4096),
        (256, 256, 256),
        (1024, resource.RLIM_INFINITY, UNLIMITED),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, UNLIMITED),
        (UNLIMITED * 2, UNLIMITED * 2, UNLIMITED),
    ],
)
def test_the_limit_is_raised_as_far_as_it_goes(soft, hard, found, monkeypatch):
    limits = [soft, hard]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.__setitem__(slice(None), wanted))
    assert raise_descriptor_limit() == found
    assert limits[1] == hard


def test_where_it_may_not_be_raised_it_stays(monkeypatch):
    def refused(*_):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", refused)
    assert raise_descriptor_limit() == 1024
