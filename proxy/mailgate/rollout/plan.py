"""A plan: the movers of a candidate, counted by effect before and after. It is kept without names, and a digest binds
it."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field

from mailgate.model import Effect
from mailgate.model.fact import STORED, Day, Fact, Instant, Words, is_whole_fact, read_fact
from mailgate.policy.changes import Change
from mailgate.policy.simulate.judge import UNKNOWN
from mailgate.store import Activation, StoredPlan

LABELS = (Effect.BLOCK.value, Effect.CHALLENGE.value, Effect.WARN.value, Effect.ALLOW.value, UNKNOWN)
"""The labels of movers: their new effect, the hardest first, and last the unknown."""
OUT = (Effect.BLOCK.value, Effect.CHALLENGE.value, UNKNOWN)
"""The labels of movers who lose mail, or may."""

DAYS = 14
"""How many days of sightings a plan looks at by default."""

T = TypeVar("T")


def _whole(newly: dict[str, T]) -> dict[str, T]:
    if newly.keys() != set(LABELS):
        raise ValueError(f"use {', '.join(LABELS)}")
    return newly


ByLabel = Annotated[dict[str, T], AfterValidator(_whole)]
"""One value for each label."""
FROM = Field(validation_alias="from", serialization_alias="from")

Noun = Literal["people", "devices"]
NOUNS: tuple[Noun, ...] = ("people", "devices")


class Counts(Fact):
    """A number of people and devices."""

    people: int
    """People."""
    devices: int
    """Devices, and clients without a known device."""

    def of(self, noun: Noun) -> int:
        return self.people if noun == "people" else self.devices


class ValueCounts(Counts):
    """How many people and devices have one value."""

    value: str
    """The rule, kind of client, system or group."""


class MoverCounts(Counts):
    """How many move, with counts by rule, kind, system and group."""

    by: dict[str, list[ValueCounts]] = Field(default_factory=dict)
    """The counts by rule, kind, system and group."""


class PeopleMoved(Fact):
    """The people who move at one moment, each once, whatever becomes of their devices."""

    people: int
    """How many move."""
    out: int
    """How many of them newly lose mail, or may. Who lost it before and may now prove the device is none of them."""
    by: dict[str, dict[str, int]]
    """How many move, by kind and by group."""
    nobodys: int
    """How many known devices that nobody known has used newly lose mail, or may."""


class MoversAtMoment(Fact):
    """Who moves at one moment."""

    newly: ByLabel[MoverCounts]
    """How many move, by their new effect: block, challenge, warn, allow, or unknown. Whose devices move to two effects is in both."""
    moved: PeopleMoved
    """The people in all of these."""


class LetInOffer(Counts):
    """A rule past which people may let themselves in, and how many it newly refuses now."""

    rule: str
    """The rule's id."""
    hours: int
    """For how many hours a person may let themselves in."""
    once_per_hours: int
    """How many hours after one time they may do it again."""


class Moment(MoversAtMoment):
    """A later moment at which the rules change by themselves: a stage begins, a grace or an exemption ends. Every grace counts as over."""

    at: Instant
    """The time of the moment."""


class Move(Counts):
    """How many go from one effect to another."""

    before: str = FROM
    """The effect now."""
    to: str
    """The effect with the candidate."""


class UndatedMovers(Counts):
    """People who may newly be kept out at a moment that cannot be predicted, or once a device that was not seen asks."""

    rules: list[str]
    """The rules whose moments cannot be predicted, because of how they use the clock, a report, or what a device says when it
    asks."""


class HeldBack(MoversAtMoment):
    """People who do not move only because a share or a stage misses them: they would if the rules were enforced for everybody, and do not
    now or at a later moment. The guard does not count them: to put the rules in full takes another plan."""

    rules: list[str]
    """The rules that are not for everybody, or not enforced today."""


class Totals(Fact):
    """The number of people, devices and clients that were simulated."""

    people: int
    """The number of people: who has a known device, or asked for mail on these days."""
    devices: int
    """The number of known devices."""
    clients: int
    """The number of clients without a known device."""
    occasions: int
    """The number of requests that were decided again."""


class Headline(Fact):
    """The most important change in words, as a title."""

    words: Words
    """The change. If it has a date, the date follows."""
    at: Instant | None = None
    """The date; null if the change has none."""


class Window(Fact):
    """The sightings that the plan was made from."""

    days: int
    """The number of days."""
    since: Day
    """The first of these days, in UTC."""


class RulesNamed(Fact):
    """A version of the rules."""

    policy: str
    """The version, as decisions name it."""
    digest: str
    """The SHA-256 of their files."""


class BaseRules(RulesNamed):
    """The rules in force when the plan was made."""

    serial: int
    """The serial of the activation."""
    number: int
    """The number of the version."""


class RuleOff(Fact):
    """Why a rule is off for everybody."""

    cause: Literal["halt", "break-glass"]
    """`halt` if it halted by itself, `break-glass` if an admin turned it off."""
    since: Instant
    """When it began."""
    until: Instant | None
    """When the rule counts again by itself; null if a person has to resume it."""
    why: Words
    """The reason that was given."""


class BaseReliefs(Fact):
    """The exemptions and halts that the plan was made with."""

    serial: int
    """The serial number of the exemptions and of the rules that are off."""
    exempt: Counts
    """The people and devices that are exempt from some rule."""
    off: dict[str, RuleOff]
    """The rules that are off for everybody, each with the reason."""


class FailedCase(Fact):
    """A case that fails."""

    name: str
    """Its name in the file."""
    wrong: dict[str, list[str]]
    """For each difference, the expected value and the value that the candidate gives."""


class Cases(Fact):
    """The results of the cases in `policy.tests.yaml`."""

    run: int
    """How many cases were run."""
    failed: list[FailedCase]
    """The cases that fail."""


class IdleRules(Fact):
    """Rules that would do nothing."""

    match_nobody: list[str]
    """Rules that match none of the simulated people and devices, at any time: none that reads the clock is among them."""
    out_of_reach: dict[str, Words]
    """Rules that can never decide anything, each with the reason."""
    not_started: list[str]
    """Rules whose first stage has not begun."""


class Plan(MoversAtMoment):
    """What a candidate would change, and for whom: at once, and later."""

    digest: str
    """The digest over everything in the plan."""
    made_at: Instant
    """When the plan was made."""
    window: Window
    """The sightings that the plan was made from."""
    active: BaseRules
    """The rules that it was compared with."""
    candidate: RulesNamed
    """The rules that would come in force."""
    reliefs: BaseReliefs
    """The exemptions and halts that the plan was made with."""
    headlines: list[Headline]
    """The changes in words, the most important first."""
    changes: list[Change]
    """The differences between the rules."""
    cases: Cases
    """The results of the cases."""
    rules: IdleRules
    """Rules that would do nothing."""
    newly_listed: list[str]
    """Apps that are listed only by the candidate, so that no report mentions them yet."""
    unreported: list[str]
    """Apps for which rules would keep people out although no report can say yet who has them."""
    totals: Totals
    """The number of people, devices and clients that were simulated."""
    company: dict[str, list[ValueCounts]]
    """The people and devices by kind and by group, whether they move or not."""
    untouched: Counts
    """How many people and devices keep their effect."""
    moves: list[Move]
    """How many go from one effect to another."""
    depends_on: dict[str, int]
    """The variables that unknown decisions depend on, each with the number of requests that were decided again."""
    later: list[Moment]
    """How many move when stages begin, and when graces and exemptions end."""
    undated: UndatedMovers
    """How many may newly be kept out at a moment that cannot be predicted."""
    reads_versions: dict[str, Effect]
    """New or changed rules that read the version of a browser or a system, with their effects: whom they are about changes with
    every update."""
    let_ins: list[LetInOffer]
    """The rules past which people may let themselves in. They count as refused."""
    held_back: HeldBack | None
    """Whom a share or a stage misses; null if none holds a rule back."""
    kept_out: Counts
    """How many are, or may be, newly kept out at any moment, now or later. The guard counts these."""
    nobodys: int
    """How many known devices that nobody known has used are, or may be, newly kept out at any moment: they are among the devices of
    `kept_out`, and count for none of its people."""
    regaining: int
    """How many people have no mail on some device, and get it there at once. Who was only warned had it."""
    known: Counts
    """How many people and devices are known by more than their own word. A limit given as a part is a part of these."""

    @property
    def everybody(self) -> Counts:
        """How many people and devices were simulated."""
        totals = self.totals
        return Counts(people=totals.people, devices=totals.devices + totals.clients)

    @property
    def is_sure(self) -> bool:
        """Whether all who lose mail are known to lose it: none only may."""
        moments = (self.newly, *(each.newly for each in self.later))
        return not (self.undated.devices or any(each[UNKNOWN].devices for each in moments))


def plain(plan: Plan) -> dict[str, Any]:
    """A plan as JSON."""
    return plan.model_dump(mode="json", by_alias=True, exclude_unset=True)


def dump(plan: Plan) -> str:
    """The text of a plan to keep, which has no names. Its words are kept as texts with their values."""
    return json.dumps(_kept(plan))


def _kept(plan: Plan) -> dict[str, Any]:
    return plan.model_dump(mode="json", by_alias=True, exclude_unset=True, context=STORED)


@lru_cache(maxsize=64)
def load(text: str) -> Plan:
    """Read a kept plan, without fields that a newer Mailgate may have added. Raises ValueError if the text has another form.

    The plans that were read last are cached: the console looks at the newest ones every few seconds, and a plan never
    changes.
    """
    try:
        told = json.dumps(json.loads(text))  # written anew, so that each name is there once
    except (ValueError, RecursionError) as error:
        raise ValueError("this is no Plan") from error
    return read_fact(Plan, told)


def is_whole(text: str) -> bool:
    """Whether this Mailgate knows all of a kept plan."""
    return is_whole_fact(Plan, text)


def digest_of(plan: Plan) -> str:
    """The digest of a plan: the SHA-256 of everything that is kept of it except the digest itself."""
    return _digest(_kept(plan))


def digest_of_kept(text: str) -> str:
    """The digest of the text of a kept plan, whichever Mailgate made it. Raises ValueError if it is no plan's."""
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("this is no plan")
    return _digest(told)


def _digest(told: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in told.items() if name != "digest"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


class TermEnd(Fact):
    """The activation that ended the term of a plan's rules."""

    at: Instant
    """When it was."""
    by: str
    """The admin who did it."""
    note: Words
    """The reason that was given."""
    version: int
    """The version that came in force."""
    rolled_back: bool
    """Whether the plan's rules were rolled back; if not, others replaced them."""


class PlanTerm(Fact):
    """The time in which the rules of a plan were in force; the last one if there were several."""

    version: int
    """The version of the plan's rules."""
    since: Instant
    """When it was put in force."""
    by: str
    """The admin who did it."""
    ended: TermEnd | None
    """The end of the term; null while it is in force."""


def term_of(plan: StoredPlan, history: Sequence[Activation], retracting: Collection[int]) -> PlanTerm | None:
    """The last term of a plan's rules; None if they were never in force since the plan was made.

    :param history: the activations, the newest first.
    :param retracting: the serials of those that rolled versions back.
    """
    after: Activation | None = None
    for each in history:
        if each.digest == plan.candidate.digest and (after is None or each.serial > plan.serial):
            end = None
            if after is not None:
                back = after.serial in retracting
                end = TermEnd(
                    at=after.at, by=after.author, note=after.note, version=after.number, rolled_back=back
                )
            return PlanTerm(version=each.number, since=each.at, by=each.author, ended=end)
        after = each
    return None
