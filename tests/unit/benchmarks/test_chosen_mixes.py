"""Mixes and systems are named by hand, and a wrong name says which there are."""

import io

import pytest
from benchmarks.chosen_mixes import UnknownName, mixes_of, peers_of, row, table
from benchmarks.varied_traffic import Varied
from rich.console import Console

FOUND = Varied(
    samples={
        "traffic_mixed.nginx": [20_000.0, 30_000.0, 10_000.0],
        "traffic_mixed_cpu.nginx": [17.0],
        "traffic_mixed.mailgate": [5_000.0],
        "traffic_mixed_cpu.mailgate": [170.0],
        "traffic_refused_page_cpu.mailgate": [140.0],
        "traffic_refused_page.mailgate": [4_000.0],
    },
    shares={"mixed.mailgate": 0.2, "refused_page.mailgate": 0.1},
)


def test_names_are_between_commas_and_the_gate_has_a_short_one() -> None:
    assert mixes_of("mixed,fresh") == ("mixed", "fresh")
    assert peers_of("nginx,gate", ("mixed",)) == ("nginx", "mailgate")


def test_without_names_everybody_is_asked_whom_the_mixes_ask() -> None:
    assert peers_of("", ("proxied",)) == ("nginx", "mailgate_behind")
    assert "caddy" in peers_of("", ("mixed",))


@pytest.mark.parametrize("words", ["mixd", "mixed,fast"])
def test_a_wrong_name_says_which_there_are(words: str) -> None:
    with pytest.raises(UnknownName, match=r"no mix is called \w+; there are page, mixed"):
        mixes_of(words)


def test_a_row_has_the_medians_beside_those_of_nginx() -> None:
    assert row(FOUND, "mixed", "mailgate") == [
        "mixed",
        "mailgate",
        "5,000",
        "170",
        "0.25",
        "10.00",
        "20%",
    ]


def test_what_nginx_was_not_asked_stands_alone() -> None:
    assert row(FOUND, "refused_page", "mailgate")[4:6] == ["", ""]


def test_no_figure_is_cut_off_in_a_terminal_of_80_columns() -> None:
    mix, name = "refused_activesync", "caddy_forward_auth"
    kinds = {"": [123_456.0], "_cpu": [12_345.0]}
    samples = {
        f"traffic_{mix}{kind}.{peer}": rate for kind, rate in kinds.items() for peer in (name, "nginx")
    }
    screen = io.StringIO()
    Console(file=screen, width=80).print(table(Varied(samples, shares={f"{mix}.{name}": 1.0}), [(mix, name)]))
    rows = [line.split() for line in screen.getvalue().splitlines()]
    assert [mix, name, "123,456", "12,345", "1.00", "1.00", "100%"] in rows
