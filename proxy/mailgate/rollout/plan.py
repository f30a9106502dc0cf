"""A plan: whom a candidate would move, from which effect to which. It is kept without anybody's name, and a digest binds it."""

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field

from mailgate.model import Effect
from mailgate.model.fact import Day, Fact, Instant, Words
from mailgate.policy.changes import Change
from mailgate.simulate import UNKNOWN

LABELS = (Effect.BLOCK.value, Effect.CHALLENGE.value, Effect.WARN.value, Effect.ALLOW.value, UNKNOWN)
"""The labels: the new effect of somebody who moves, the hardest first, and last the unknown."""

DAYS = 14
"""How many days of sightings a plan looks at if nobody says otherwise."""

T = TypeVar("T")


def _whole(newly: dict[str, T]) -> dict[str, T]:
    if newly.keys() != set(LABELS):
        raise ValueError(f"expected {', '.join(LABELS)}")
    return newly


ByLabel = Annotated[dict[str, T], AfterValidator(_whole)]
"""One value for each label."""
FROM = Field(validation_alias="from", serialization_alias="from")

Noun = Literal["people", "devices"]
NOUNS: tuple[Noun, ...] = ("people", "devices")


class Counts(Fact):
    """How many."""

    people: int
    """People."""
    devices: int
    """Devices, and clients of which no device is known."""

    def of(self, noun: Noun) -> int:
        return self.people if noun == "people" else self.devices


class Row(Counts):
    """How many of one kind."""

    value: str
    """The rule, kind of client, system or group."""


class Side(Fact):
    """What somebody gets."""

    effect: str
    """What happens: allow, warn, challenge, block or unknown."""
    rule: str
    """The rule that decides."""
    reason: str
    """Why, as a reason code."""


class Sample(Fact):
    """A person or device that would move."""

    person: str
    """The login name; empty if nobody is named."""
    device: str
    """The id of the device, or of the client."""
    kind: str
    """The kind that it was taken for."""
    system: str
    """Its system."""
    state: str
    """The state of its posture."""
    apps: list[str]
    """The listed apps that are on it."""
    before: Side = FROM
    """What they get."""
    to: Side
    """What they would get."""


class Later(Counts):
    """How many at a later moment."""

    samples: list[Sample] = Field(default_factory=list)
    """Some of them by name; none if the names were not kept."""


class Newly(Later):
    """How many, by what they are."""

    by: dict[str, list[Row]] = Field(default_factory=dict)
    """The same by rule, kind, system and group; nothing at later moments in plans of earlier releases."""


class Moment(Fact):
    """A later moment at which the rules decide otherwise by themselves: a stage begins, a grace or an exemption ends."""

    at: Instant
    """When."""
    newly: ByLabel[Newly]
    """How many move then, with every grace over, by their new effect."""


class Move(Counts):
    """How many go from one effect to another."""

    before: str = FROM
    """What they get."""
    to: str
    """What they would get."""


class Sampled(Fact):
    """Sampled moments, which stand for all that cannot be told."""

    moments: int
    """How many."""
    first: Instant | None
    """The first of them at which somebody is newly kept out."""
    newly: ByLabel[Later]
    """How many move at any of them, by their new effect."""


class Undated(Later):
    """People who may newly be kept out at a moment that the rules do not tell."""

    rules: list[str]
    """The rules that use the clock so."""
    sampled: Sampled
    """What comes at sampled moments."""


class Totals(Fact):
    """Everybody that was looked at."""

    people: int
    """People."""
    devices: int
    """Known devices."""
    clients: int
    """Clients of which no device is known."""
    occasions: int
    """Requests that were decided again."""


class Headline(Fact):
    """The change in words, as a title."""

    words: Words
    """What changes; where it has a date, that follows."""
    at: Instant | None = None
    """The date."""


class Window(Fact):
    """The sightings that were looked at."""

    days: int
    """So many days of them."""
    since: Day
    """From this day on, in UTC."""


class RulesNamed(Fact):
    """A version of the rules."""

    policy: str
    """The version as decisions name it."""
    digest: str
    """The SHA-256 of their files."""


class RulesThen(RulesNamed):
    """The rules that were in force when the plan was made."""

    serial: int
    """The serial of the activation."""
    number: int
    """The number of the version."""


class RuleOff(Fact):
    """Why a rule is out for everybody."""

    cause: Literal["halt", "break-glass"]
    """`halt` where it halted by itself, `break-glass` where somebody turned it off."""
    since: Instant
    """Since when."""
    until: Instant | None
    """When it counts again by itself. Null where somebody has to resume it."""
    why: str
    """The reason that was given."""


class ReliefsThen(Fact):
    """What the plan takes for granted."""

    serial: int
    """The state of exemptions and rules that are off."""
    exempt: Counts
    """The people and devices that are exempt from some rule."""
    off: dict[str, RuleOff | str]
    """Rules that are out for everybody, and why. Plans of an earlier release have it in words."""


class FailedCase(Fact):
    """A case that would not hold."""

    name: str
    """Its name in the file."""
    wrong: dict[str, list[str]]
    """What was wanted and what would come, for each thing that differs."""


class Cases(Fact):
    """The cases that must hold."""

    run: int
    """How many there are."""
    failed: list[FailedCase]
    """Those that would not hold."""


class IdleRules(Fact):
    """Rules that would do nothing."""

    match_nobody: list[str]
    """Rules that match nobody who was looked at."""
    out_of_reach: dict[str, str]
    """Rules that can never decide anything, and why."""
    not_started: list[str]
    """Rules whose first stage has not begun."""


class Plan(Fact):
    """What would change, and for whom."""

    digest: str
    """The digest that binds all of it."""
    made_at: Instant
    """When it was made."""
    window: Window
    """The sightings that were looked at."""
    active: RulesThen
    """The rules that it was compared with."""
    candidate: RulesNamed
    """The rules that would come in force."""
    reliefs: ReliefsThen
    """What it takes for granted."""
    headlines: list[Headline] = Field(default_factory=list)
    """The change in words, the weightiest first."""
    changes: list[Change]
    """What differs in the rules."""
    cases: Cases
    """The cases that must hold."""
    rules: IdleRules
    """Rules that would do nothing."""
    newly_listed: list[str]
    """Apps that no report mentions, since they are listed only now."""
    unreported: list[str]
    """Apps for which rules would keep people out, while no report tells yet who has them."""
    totals: Totals
    """Everybody that was looked at."""
    company: dict[str, list[Row]] = Field(default_factory=dict)
    """The same people and devices by kind and group."""
    untouched: Counts
    """How many people nothing changes for."""
    newly: ByLabel[Newly]
    """How many move now, by their new effect: block, challenge, warn, allow, or unknown."""
    moves: list[Move]
    """How many go from one effect to another."""
    hangs_on: dict[str, int]
    """The variables on which the unknown depends, and for how many people."""
    later: list[Moment]
    """How many move when stages begin, and graces and exemptions end."""
    undated: Undated
    """How many may newly be kept out at a moment that cannot be told."""
    kept_out: Counts
    """How many are or may be newly kept out at any moment, now or later. The guard counts these."""
    known: Counts
    """How many people are known by more than their own word. A limit that is a part is a part of these."""

    @property
    def everybody(self) -> Counts:
        """How many were looked at."""
        totals = self.totals
        return Counts(people=totals.people, devices=totals.devices + totals.clients)


def plain(plan: Plan) -> dict[str, Any]:
    """A plan as JSON. If names are not kept, the empty lists of names are left out."""
    return plan.model_dump(mode="json", by_alias=True, exclude_unset=True)


def dump(plan: Plan) -> str:
    """The text of a plan that is kept: all of it but names."""
    return json.dumps(without_names(plain(plan)))


@lru_cache(maxsize=64)
def load(text: str) -> Plan:
    """Read a kept plan. Raises ValueError if the text has another form.

    The plans read last are cached: the console looks at the newest ones every few seconds, and none of them changes.
    """
    return Plan.model_validate_json(text)


def digest_of(plan: Plan) -> str:
    """The digest of a plan: the SHA-256 of policy, lists, data window and outcome, which is all that is kept but the
    digest itself."""
    rest = {name: value for name, value in without_names(plain(plan)).items() if name != "digest"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def without_names(part: Any) -> Any:
    """A plan as JSON, or a part of one, without samples, so without names."""
    if isinstance(part, Mapping):
        return {name: without_names(each) for name, each in part.items() if name != "samples"}
    return [without_names(each) for each in part] if isinstance(part, list) else part
