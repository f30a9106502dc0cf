"""``docs/performance.md`` and the README show the results that are kept."""

from benchmarks.report import PAGE, README, page_of, readme_of


def test_the_page_shows_the_results_that_are_kept() -> None:
    page = PAGE.read_text("utf-8")
    assert page_of(page) == page


def test_the_readme_shows_the_same() -> None:
    readme = README.read_text("utf-8")
    assert readme_of(readme) == readme
