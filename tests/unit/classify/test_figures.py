"""How often the labelled user agents are told right. The figures are printed with every run."""

import sys

import pytest

from mailgate.classify import classify
from mailgate.classify.reading import HANDHELD_FORMS, KIND_OF_FORM
from mailgate.model import Client, Kind, RequestFacts


def told(user_agent: str) -> Client:
    return classify(RequestFacts(headers={"user-agent": user_agent}))


def test_the_error_rates_stay_below_their_limits(
    labelled: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    desktops = [told(agent).kind for agent in labelled["desktop"]]
    handhelds = [told(agent).kind for form in HANDHELD_FORMS for agent in labelled[form]]
    rows = [(form, agent) for form, agents in labelled.items() for agent in agents]
    right = sum(told(agent).kind is KIND_OF_FORM[form.replace("unknown", "")] for form, agent in rows)
    recognised = desktops.count(Kind.LAPTOP) / len(desktops)
    taken = handhelds.count(Kind.LAPTOP) / len(handhelds)
    with capsys.disabled():
        sys.stdout.write(
            f"\nclassify, {len(rows)} labelled user agents: kind right {right / len(rows):.2%},"
            f" desktops recognised {recognised:.2%} of {len(desktops)},"
            f" handhelds taken for laptops {taken:.2%} of {len(handhelds)}\n"
        )
    assert taken == 0
    assert recognised >= 0.95
    assert right / len(rows) >= 0.97


def test_hints_with_the_user_agent_tell_the_right_kind(hinted: dict[str, list[dict[str, str]]]) -> None:
    wrong = [
        (form, headers)
        for form, rows in hinted.items()
        for headers in rows
        if classify(RequestFacts(headers=headers)).kind is not KIND_OF_FORM[form.replace("unknown", "")]
    ]
    assert wrong == []


@pytest.mark.parametrize("form", ["tv", "console", "speaker", "watch", "car", "xr", "tool", "bot", "unknown"])
def test_only_computers_are_laptops(form: str, labelled: dict[str, list[str]]) -> None:
    assert [agent for agent in labelled[form] if told(agent).kind is Kind.LAPTOP] == []


def test_watches_are_handheld(labelled: dict[str, list[str]]) -> None:
    assert [agent for agent in labelled["watch"] if not told(agent).handheld] == []
