"""The pictures say in words what they show, and are well-formed."""

from typing import Any
from xml.etree import ElementTree

import pytest
from benchmarks.plots import Bar, bars, curve, pages, pictures, share_of, style_of, targets
from benchmarks.ratios import Target

RESULTS: dict[str, Any] = {
    "plan": {"rate": 1000},
    "ratios": {"gate_vs_nginx": 0.25, "upload_vs_nginx": 1.2, "gate_vs_haproxy": 0.3},
    "absolute": {"decision_warm_us": 12.0, "retract_s": 0.0},
    "measured": {"page.nginx": {"median": 20000.0}, "page.mailgate": {"median": 9000.0}},
    "latency_us": {"mailgate": {"p50": 400.0, "p99": 2000.0}},
}
SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def lengths(picture: str, style: str) -> list[float]:
    found = ElementTree.fromstring(picture).iter(f"{SVG}rect")
    return [float(each.attrib["width"]) for each in found if each.attrib["class"] == style]


def test_every_picture_is_well_formed_and_tells_itself() -> None:
    for picture in pictures(RESULTS).values():
        root = ElementTree.fromstring(picture)
        assert root.attrib["role"] == "img"
        assert root.find(f"{SVG}title") is not None
        description = root.find(f"{SVG}desc")
        assert description is not None
        assert description.text


def test_without_latencies_there_is_no_picture_of_them() -> None:
    assert set(pictures(RESULTS)) - set(pictures(RESULTS | {"latency_us": {}})) == {"bench-latency.svg"}


def test_targets_that_are_not_reached_say_so() -> None:
    picture = targets(RESULTS)
    assert "0.25 ×, not reached" in texts(picture)
    assert "12 µs" in texts(picture)
    assert len(lengths(picture, "bad")) == 1
    assert len(lengths(picture, "own")) == 3


def test_what_has_no_target_or_was_not_measured_has_no_bar() -> None:
    assert not {"pages: gate / HAProxy", "pages: gate / mitmproxy"} & set(texts(targets(RESULTS)))


def test_the_fastest_is_first_and_the_gate_stands_out() -> None:
    picture = pages(RESULTS)
    assert texts(picture).index("nginx") < texts(picture).index("mailgate")
    assert lengths(picture, "own")[0] < lengths(picture, "bar")[0]


@pytest.mark.parametrize(
    ("target", "value", "share"),
    [
        (Target(0.5), 0.25, 0.5),
        (Target(0.5), 5, 2.0),
        (Target(60, at_most=True), 120, 0.5),
        (Target(60, at_most=True), 60, 1.0),
        (Target(60, at_most=True), 1, 2.0),
        (Target(60, at_most=True), 0, 2.0),
        (Target(16, at_most=True), -3, 2.0),
    ],
)
def test_share_of_a_target(target: Target, value: float, share: float) -> None:
    assert share_of(target, value) == share


def test_markup_in_a_title_is_text() -> None:
    assert "<b> & co" in texts(bars("t", "n", [Bar("<b> & co", 1.0, "w")]))


@pytest.mark.parametrize("measured", [[], [Bar("a", 0.0, "0")]], ids=["none", "one of no length"])
def test_bars_of_nothing_are_no_mistake(measured: list[Bar]) -> None:
    assert ElementTree.fromstring(bars("t", "n", measured)) is not None


def test_a_curve_tells_its_ends() -> None:
    picture = curve("Memory", "note", [(0.0, 100.0), (5.0, 120.0), (10.0, 110.0)], "MiB")
    description = ElementTree.fromstring(picture).find(f"{SVG}desc")
    assert description is not None
    assert description.text == "From 100 MiB to 110 MiB in 10 minutes."
    assert "132 MiB" in texts(picture)


@pytest.mark.parametrize(
    ("name", "style"), [("mailgate", "own"), ("nginx_authz_cached", "own"), ("nginx", "bar")]
)
def test_ours_stand_out(name: str, style: str) -> None:
    assert style_of(name) == style
