"""Who asked for help against which rule, and how far that is."""

from dataclasses import replace
from datetime import datetime

import pytest
from tests.unit.mail.examples import APP, OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW, minutes

from mailgate.console.people.help import (
    HelpCount,
    HelpState,
    help_counts,
    help_facts,
    state_of,
    still_open,
    title_of,
)
from mailgate.store import HelpRequest
from mailgate.store.help_requests import NOT_THEIRS

POLICY = rules(policy(APP, OPEN)).policy
ASKED = HelpRequest("app", "ada", "ada", "d1", "prohibited-app", "REF1", "p1", True, 2, NOW, NOW + minutes(9))


@pytest.mark.parametrize(
    ("replied_at", "done_at", "state"),
    [
        (None, None, HelpState.WAITING),
        (NOW + minutes(8), None, HelpState.WAITING),
        (NOW + minutes(9), None, HelpState.ANSWERED),
        (NOW + minutes(10), None, HelpState.ANSWERED),
        (None, NOW + minutes(10), HelpState.DONE),
        (NOW + minutes(10), NOW + minutes(11), HelpState.DONE),
    ],
)
def test_a_person_who_asks_again_waits_again(
    replied_at: datetime | None, done_at: datetime | None, state: HelpState
) -> None:
    asked = replace(ASKED, replied_at=replied_at, done_at=done_at)
    assert state_of(asked) is state
    assert help_facts(asked, POLICY).state is state


def test_a_help_request_tells_its_rule_and_its_reason() -> None:
    told = help_facts(ASKED, POLICY)
    assert (told.rule, told.title, told.reference, told.times) == ("app", "No such apps", "REF1", 2)
    assert (told.reason, told.cause) == ("prohibited-app", "An app keeps company mail off this device")
    assert (told.person, told.device, told.subject) == ("ada", "d1", "ada")
    assert (told.first_at, told.last_at) == (NOW, NOW + minutes(9))


@pytest.mark.parametrize(("rule", "title"), [("app", "No such apps"), ("open", ""), ("of-before", "")])
def test_a_rule_without_a_title_or_in_force_no_more_is_called_nothing(rule: str, title: str) -> None:
    assert title_of(rule, POLICY) == title


def test_the_rule_that_most_wait_for_comes_first_and_equals_by_name() -> None:
    assert help_counts({"zoo": 1, "app": 5, "open": 5, "ant": 1}, POLICY) == [
        HelpCount(rule="app", title="No such apps", requests=5),
        HelpCount(rule="open", title="", requests=5),
        HelpCount(rule="ant", title="", requests=1),
        HelpCount(rule="zoo", title="", requests=1),
    ]


def test_an_answered_request_stays_open_until_it_is_closed() -> None:
    answered = replace(ASKED, subject="lin", replied_at=NOW + minutes(10))
    done = replace(ASKED, subject="grace", done_at=NOW + minutes(10), done_by="vic")
    told = [help_facts(each, POLICY) for each in (ASKED, answered, done)]
    assert [each.subject for each in still_open(told)] == ["ada", "lin"]


def test_a_report_that_it_is_not_theirs_is_no_refusal() -> None:
    said = replace(ASKED, rule=NOT_THEIRS, reason=NOT_THEIRS)
    told = help_facts(said, POLICY)
    assert (told.cause, told.refused) == ("Says that this device is not theirs", False)
    assert help_facts(ASKED, POLICY).refused
    assert help_counts({NOT_THEIRS: 1}, POLICY)[0].title == "Devices that are not theirs"
