"""The sentences say what the run has found, and nothing of what it has not."""

from typing import Any

from benchmarks.sentences import NOTHING, headline, replaced, replaced_headline, sentences

RESULTS: dict[str, Any] = {
    "ratios": {
        "mixed_vs_nginx": 0.613,
        "mixed_vs_caddy": 1.7,
        "mixed_vs_caddy_forward_auth": 3.1,
        "mixed_cpu_vs_nginx": 2.4,
        "page_vs_nginx": 0.5,
        "nginx_authz_mixed_vs_nginx": 0.51,
    },
    "absolute": {},
    "measured": {"traffic_mixed_cpu.mailgate": {"median": 41.24}},
    "load_shares": {"mixed.nginx": 0.41, "mixed.mailgate": 0.2},
}
EMPTY: dict[str, Any] = {"ratios": {}, "absolute": {}, "measured": {}}
PAGE = (
    "before\n<!-- make bench writes the sentences from here -->\nold\n<!-- the sentences to here -->\nafter\n"
)


def test_the_headline_is_mixed_traffic() -> None:
    assert headline(RESULTS) == (
        "On mixed traffic, as a webmail sees it, the gate's rate is **0.61 × of nginx as a plain reverse proxy, 1.70 × of Caddy"
        " and 3.10 × of Caddy with forward_auth**. A request takes 41.2 µs of a processor, 2.40 × what it takes nginx."
    )


def test_the_targets_that_are_missed_are_named() -> None:
    text = sentences(RESULTS)
    assert "6 are reached" not in text
    assert "5 are reached, 1 are not: varied pages: gate / nginx" in text
    assert "The load itself took at most 41% of one processor." in text
    assert "(images/bench-mixed.svg)" in text


def test_what_was_not_measured_is_not_told() -> None:
    assert headline(EMPTY) == NOTHING
    assert "bench-mixed.svg" not in sentences(EMPTY)
    assert "caddy" not in headline({**RESULTS, "ratios": {"mixed_vs_nginx": 0.6}}).lower()


def test_only_the_part_between_the_markers_is_written() -> None:
    for written in (replaced(PAGE, RESULTS), replaced_headline(PAGE, RESULTS)):
        assert written.startswith("before\n<!-- make")
        assert written.endswith("here -->\nafter\n")
        assert "old" not in written
    assert replaced(replaced(PAGE, RESULTS), RESULTS) == replaced(PAGE, RESULTS)


def test_the_floor_is_told_where_the_relay_was_measured() -> None:
    measured = {
        f"traffic_mixed_cpu.{who}": {"median": cost}
        for who, cost in (("relay", 30.0), ("mailgate", 75.0), ("nginx", 25.0))
    }
    assert "reads nothing takes 30 µs for such a request, and nginx 25 µs" in sentences(
        {**RESULTS, "measured": measured}
    )
    assert "reads nothing" not in sentences(RESULTS)
