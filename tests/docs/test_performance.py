"""``docs/performance.md``, the README and that of the benchmarks show the results that are kept."""

from benchmarks.report import TOLD, page_of


def test_each_page_shows_the_results_that_are_kept() -> None:
    assert [page for page in TOLD if page_of(page) != page.read_text("utf-8")] == []
