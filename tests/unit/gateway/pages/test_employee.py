from dataclasses import replace

import pytest
from tests.unit.gateway.pages.own import NOBODY, OWN


@pytest.mark.parametrize(
    ("left", "nothing"),
    [((), True), (("devices",), False), (("requests",), False), (("quarantine_mails",), False)],
)
def test_nothing_is_only_nothing_where_no_row_is_left(left: tuple[str, ...], nothing: bool) -> None:
    view = replace(NOBODY, person="alice", **{name: getattr(OWN, name) for name in left})
    assert view.nothing is nothing
