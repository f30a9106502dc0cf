"""A soak passes only where nothing grew after the warm-up and nobody got a wrong answer."""

from typing import Any

import pytest
from benchmarks.soak_report import BEGIN, END, picture, replaced, results_of

MACHINE = {"cores": 2, "cpu": "A CPU", "load_before": 0.5}


def soaked(mib_a_minute: float = 0.0, files_a_minute: int = 0, **wrong: int) -> dict[str, Any]:
    """Ten minutes: fifty MiB in the warm-up, then so much."""
    seen = [
        (
            minute / 2,
            100.0 + (50.0 if minute >= 8 else minute * 5.0) + mib_a_minute * minute / 2,
            60 + files_a_minute * minute // 2,
        )
        for minute in range(21)
    ]
    return results_of(MACHINE, seen, {"upload": 10, "laptop": 1990}, wrong)


def test_what_fills_in_the_warm_up_is_no_growth() -> None:
    results = soaked()
    assert results["passed"]
    assert results["memory"] == {"start_mib": 100.0, "end_mib": 150.0, "growth_mib": 0.0}
    assert results["descriptors"] == {"most": 60, "growth": 0.0}
    assert results["warm_up_minutes"] == 4.0


@pytest.mark.parametrize(
    "results",
    [soaked(mib_a_minute=1.1), soaked(files_a_minute=2), soaked(upload=1)],
    ids=["memory", "files", "answers"],
)
def test_growth_and_wrong_answers_fail(results: dict[str, Any]) -> None:
    assert not results["passed"]


def test_a_little_growth_is_none() -> None:
    assert soaked(mib_a_minute=0.9)["passed"]


def test_too_little_to_judge_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="one instant"):
        results_of(MACHINE, [(0.0, 100.0, 60)], {}, {})


def test_the_page_is_written_between_its_markers() -> None:
    page = replaced(f"a\n{BEGIN}\n{END}\nb\n", soaked(mib_a_minute=0.5))
    assert page.startswith(f"a\n{BEGIN}\n\n- 10 minutes, of which 4 to warm up.\n")
    assert "| memory: growth after the warm-up | 3.0 MiB | 6 MiB |" in page
    assert "| wrong answers, of 2,000 | 0 | 0 |" in page
    assert "| laptop | 1,990 |" in page
    assert page.endswith(f"{END}\nb\n")


def test_the_picture_shows_the_memory() -> None:
    assert "From 100 MiB to 150 MiB in 10 minutes." in picture(soaked())
