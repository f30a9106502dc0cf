"""Who has no mail and why, what changed, and what comes."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.console.browsing import NOW, Company

from mailgate.console.now.counting import Outage
from mailgate.console.now.facts import Turn, changes_of, coming_up, marked_days, refused_by_day, without_mail
from mailgate.model import Effect
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.stages import Stages
from mailgate.rollout.plan import LABELS, Moment, MoverCounts, PeopleMoved, ValueCounts
from mailgate.store import Act
from mailgate.store.counts import RefusedDay
from mailgate.store.device_rows import OutageCause
from mailgate.store.policies import RETRACTED

DAY = timedelta(days=1)


def test_people_are_told_by_cause_and_apps_by_their_names(firm: Company) -> None:
    causes = (
        OutageCause("", "kept-out", "stale", 4, 1),
        OutageCause('["tiktok"]', "kept-out", "listed", 3, 2),
        OutageCause('["tiktok", "wechat"]', "must-prove-itself", "listed", 2, 0),
        OutageCause("", "lost", "stale", 1, 1),
    )
    told = without_mail(Outage(causes, 2, 30, 5, NOW), firm.bundle.policy)
    assert told
    assert (told.people, told.having, told.at_laptops, told.nobodys) == (10, 30, 4, 2)
    assert [(each.words, each.app, each.mail, each.state, each.people) for each in told.causes] == [
        ("TikTok", "tiktok", "", "", 5),
        ("Report too old", "", "kept-out", "stale", 4),
        ("Marked as lost", "", "lost", "stale", 1),
    ]


def test_before_the_first_count_nothing_is_known(firm: Company) -> None:
    assert without_mail(None, firm.bundle.policy) is None


async def test_a_day_without_a_count_is_unknown(firm: Company) -> None:
    await firm.store.refused_days._keep(RefusedDay(NOW.date(), 7, 1, NOW))
    told = await refused_by_day(firm.store, NOW)
    assert len(told) == 14
    assert [(each.people, each.strangers) for each in told[-2:]] == [(None, None), (7, 1)]


@pytest.mark.parametrize(
    ("what", "about", "details", "words", "page", "of_rules"),
    [
        ("policy-activated", "version 7", {}, "ada started version 7", "policy-version", True),
        (RETRACTED, "version 3", {}, "ada rolled back to version 3", "policy-version", True),
        ("rule-turned-off", "break-glass 1", {"rule": "gone"}, "ada turned off “gone”", "audit", True),
        (
            "exemption-given",
            "exemption 2",
            {"rule": "all"},
            "ada gave an exemption from every rule",
            "exemptions",
            False,
        ),
        ("device-lost", "device d", {}, "ada marked a device as lost", "devices", False),
    ],
)
async def test_a_change_says_who_did_what_and_leads_to_its_page(
    firm: Company, what: str, about: str, details: dict[str, str], words: str, page: str, of_rules: bool
) -> None:
    await firm.store.audit.append(Act(NOW, "ada", what, about, "a reason", details=details))
    found = await changes_of(firm.store, firm.bundle, NOW)
    assert [str(each.words) for each in found] == [words, "The files started version 1"]
    assert (found[0].page, found[0].why, found[0].of_rules) == (page, "a reason", of_rules)


async def test_logins_and_answers_are_no_changes(firm: Company) -> None:
    await firm.store.audit.append(Act(NOW, "ada", "console-login"))
    assert len(await changes_of(firm.store, firm.bundle, NOW)) == 1


def staged(firm: Company, stages: Stages) -> None:
    """The first rule that blocks begins by these dates."""
    policy = firm.bundle.rules.policy
    first = next(each for each in policy.rules if each.effect is Effect.BLOCK)
    rules = [each.model_copy(update={"stages": stages}) if each is first else each for each in policy.rules]
    changed = replace(firm.bundle.rules, policy=replace(policy, rules=tuple(rules)))
    firm.bundle = replace(firm.bundle, rules=changed)


def words_of(changes: list[Turn]) -> list[tuple[datetime, str]]:
    return [(each.at, str(each.words).partition("” ")[2]) for each in changes]


async def test_a_stage_is_a_change_once_it_began_under_the_version_in_force(firm: Company) -> None:
    dates = {"report_only": -1, "warn": 1, "enforce": 3}
    begun = Stages(**{name: (NOW + days * DAY).isoformat() for name, days in dates.items()})
    staged(firm, begun)
    policy = firm.bundle.policy
    assert words_of(coming_up(policy, [], NOW)) == [
        (NOW + DAY, "warns from then on"),
        (NOW + 3 * DAY, "blocks from then on"),
    ]
    # the version came in force at NOW: before, its rule may not have been there
    assert len(await changes_of(firm.store, firm.bundle, NOW)) == 1
    later = await changes_of(firm.store, firm.bundle, NOW + 2 * DAY)
    assert words_of(later[:1]) == [(NOW + DAY, "began to warn")]


async def test_plans_and_stages_come_in_the_order_of_their_dates_with_whom_they_meet(firm: Company) -> None:
    staged(firm, Stages(warn=(NOW + DAY).isoformat(), enforce=(NOW + 3 * DAY).isoformat()))  # type: ignore[arg-type]
    rule = next(each.id for each in firm.bundle.policy.rules if each.stages)

    def moment(
        days: int, label: str, people: int, devices: int = 0, moved: PeopleMoved | None = None
    ) -> Moment:
        counts: dict[str, Any] = {"people": people, "devices": devices or people}
        counts |= {"by": {"rule": [{"value": rule, **counts}]}}
        nobody = {"people": 0, "devices": 0}
        newly = dict.fromkeys(LABELS, nobody) | {label: counts}
        return Moment.model_construct(
            at=NOW + days * DAY,
            newly={n: MoverCounts.model_validate(c) for n, c in newly.items()},
            moved=moved,
        )

    def status(state: str, *moments: Moment, missing: int = 0, back: Any = None) -> Any:
        body = SimpleNamespace(
            later=list(moments), newly=moment(0, "allow", 0).newly, moved=None, headlines=[]
        )
        plan = SimpleNamespace(digest="abc", made_at=NOW)
        return SimpleNamespace(state=state, plan=plan, body=body, missing=missing, back=back)

    plans = [
        status("open", moment(2, "block", 6), missing=1),
        status("open", moment(2, "block", 9), back="sent back"),
        status("expired", moment(2, "block", 9)),
        status("in force", moment(1, "warn", 4), moment(3, "block", 1)),
    ]
    told = [(each.at - NOW, str(each.words), each.why) for each in coming_up(firm.bundle.policy, plans, NOW)]
    assert [(at.days, why) for at, _, why in told] == [
        (1, "4 people are warned."),
        (2, "6 people lose mail. Needs 1 approval."),
        (3, "1 person loses mail."),
    ]
    assert told[1][1].startswith("Planned: ")

    # a second plan for the same rule counted those whom it added alone
    widened = [status("in force", moment(3, "block", 2)), status("replaced", moment(3, "block", 4))]
    assert [each.why for each in coming_up(firm.bundle.policy, widened, NOW)] == ["", ""]

    # a second plan that lets some of them in by another rule leaves fewer, and who moves at no other date changes nothing
    other = moment(3, "allow", 3).model_copy(deep=True)
    other.newly["allow"].by["rule"][0] = ValueCounts(value="opens", people=3, devices=3)
    narrowed = [status("in force", other), status("replaced", moment(3, "block", 4))]
    assert [each.why for each in coming_up(firm.bundle.policy, narrowed, NOW)] == ["", ""]
    unmoved = [status("in force", moment(3, "allow", 0)), status("replaced", moment(3, "block", 4))]
    assert [each.why for each in coming_up(firm.bundle.policy, unmoved, NOW)] == ["", "4 people lose mail."]

    # nobody known is not nobody, and who may lose mail is told
    named = PeopleMoved(people=6, out=6, by={}, nobodys=2)
    unknown = [
        status("open", moment(2, "block", 0, 3)),
        status("open", moment(4, "unknown", 0, 1)),
        status("open", moment(5, "unknown", 6, 6)),
        status("open", moment(6, "block", 6, 8, named)),
        status("in force", moment(1, "warn", 0, 4), moment(3, "block", 0, 1)),
    ]
    assert [each.why for each in coming_up(firm.bundle.policy, unknown, NOW)] == [
        "4 devices are warned.",
        "3 devices lose mail, or may. Not started.",
        "1 device loses mail, or may.",
        "1 device loses mail, or may. Not started.",
        "6 people lose mail, or may. Not started.",
        "6 people lose mail. 2 devices lose mail, or may. Not started.",
    ]


def test_a_rule_that_is_off_on_a_date_begins_nothing(firm: Company) -> None:
    staged(firm, Stages(warn=(NOW + DAY).isoformat(), enforce=(NOW + 3 * DAY).isoformat()))  # type: ignore[arg-type]
    rule = next(each.id for each in firm.bundle.policy.rules if each.stages)
    for until, words in (
        (None, []),
        (NOW + 2 * DAY, ["counts again", "blocks from then on"]),
        (NOW + 9 * DAY, ["counts again"]),
    ):
        off = Relief(1, Cause.BREAK_GLASS, rule, "too strict", "ada", NOW, until)
        policy = firm.with_reliefs(Reliefs(1, (off,))).policy
        assert [text for _, text in words_of(coming_up(policy, [], NOW))] == words


def test_exemptions_and_rules_that_are_off_end_in_order(firm: Company) -> None:
    rule = firm.bundle.policy.rules[0].id
    off = Relief(1, Cause.BREAK_GLASS, rule, "too strict", "ada", NOW, NOW + 2 * DAY)
    exempt = Relief(2, Cause.EXEMPTION, "", "new phone", "ada", NOW, NOW + DAY, person="bob")
    halt = Relief(3, Cause.HALT, "another", "10 asked", "gate", NOW)
    alone = Relief(4, Cause.SELF_SERVICE, rule, "", "cy", NOW, NOW + DAY, person="cy")
    policy = firm.with_reliefs(Reliefs(1, (off, exempt, halt, alone))).policy
    assert [str(each.words).rpartition("” ")[2] for each in coming_up(policy, [], NOW)] == [
        "The exemption of bob ends",
        "counts again",
    ]


def test_only_changes_of_rules_mark_a_day() -> None:
    first, other, last = (
        Turn(NOW - hours * timedelta(hours=1), words, "audit", of_rules=words != "other")
        for hours, words in ((30, "first"), (29, "other"), (0, "last"))
    )
    days = [NOW.date() - DAY, NOW.date()]
    assert marked_days([last, other, first], days) == {days[0]: [first], days[1]: [last]}
    assert marked_days([first], days[1:]) == {}
