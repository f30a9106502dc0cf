"""What sets the project up: `make` alone, from locks that agree."""

import re

import pytest
from tests.docs.reading import ROOT

RUN = "requirements.lock"


def pinned(lock: str) -> dict[str, str]:
    """Each package of a lock, and all that stands about it there: its version and its hashes."""
    text = (ROOT / lock).read_text("utf-8")
    return {entry.split("==")[0]: entry.strip() for entry in re.split(r"\n(?=\w)", text)}


@pytest.mark.parametrize(
    "lock", ["requirements-build.lock", "requirements-dev.lock", "requirements-otel.lock"]
)
def test_other_locks_change_no_version_of_a_run(lock: str) -> None:
    """They go into one environment, one after the other."""
    run, other = pinned(RUN), pinned(lock)
    assert {name: other[name] for name in run.keys() & other.keys()} == {
        name: run[name] for name in run.keys() & other.keys()
    }


def test_the_tests_run_on_what_a_run_has() -> None:
    assert pinned(RUN).keys() <= pinned("requirements-dev.lock").keys()


def test_an_extra_that_is_locked_is_tested_as_it_is_locked() -> None:
    extra, dev = pinned("requirements-otel.lock"), pinned("requirements-dev.lock")
    assert "opentelemetry-sdk" in extra
    assert pinned(RUN).items() <= extra.items()
    assert {name: dev[name] for name in extra} == extra


def test_continuous_integration_sets_nothing_up_that_make_does_not() -> None:
    script = (ROOT / ".ci/run").read_text("utf-8")
    assert script.endswith(
        "\nfi\n\nmake check\nmake test\nmake --jobs=2 --output-sync=target test-packages test-pythons\n"
    )
    assert not re.search(r"\b(npm ci|pip install|make setup)", script)
