"""A plan: whom a candidate would move, from which effect to which. It is kept without anybody's name, and a digest binds it."""

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field

from mailgate.model import Effect
from mailgate.model.fact import Day, Fact, Instant
from mailgate.policy.changes import Change
from mailgate.simulate import UNKNOWN

LABELS = (Effect.BLOCK.value, Effect.CHALLENGE.value, Effect.WARN.value, Effect.ALLOW.value, UNKNOWN)
"""What may be new for somebody, the hardest first; last what cannot be told."""

DAYS = 14
"""How many days of sightings are looked at unless somebody says otherwise."""

T = TypeVar("T")


def _whole(newly: dict[str, T]) -> dict[str, T]:
    if newly.keys() != set(LABELS):
        raise ValueError(f"expected {', '.join(LABELS)}")
    return newly


ByLabel = Annotated[dict[str, T], AfterValidator(_whole)]
"""What is said of every label."""
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
    """Which: a rule, a kind of client, a system or a group."""


class Side(Fact):
    """What somebody gets."""

    effect: str
    """What happens: allow, warn, challenge, block or unknown."""
    rule: str
    """By which rule."""
    reason: str
    """Why, as a reason code."""


class Sample(Fact):
    """One who would move."""

    person: str
    """The login name; empty where nobody is named."""
    device: str
    """The id of the device, or of the client."""
    kind: str
    """What it was taken for."""
    system: str
    """Its system."""
    state: str
    """How it stands."""
    apps: list[str]
    """The listed apps that are on it."""
    before: Side = FROM
    """What they get."""
    to: Side
    """What they would get."""


class Later(Counts):
    """How many at a later moment."""

    samples: list[Sample] = Field(default_factory=list)
    """Some of them by name; none where the names are not remembered."""


class Newly(Later):
    """How many, by what they are."""

    by: dict[str, list[Row]]
    """The same by rule, kind, system and group."""


class Moment(Fact):
    """A moment at which rules decide otherwise by themselves: a stage begins, a grace or an exemption ends."""

    at: Instant
    """When."""
    newly: ByLabel[Later]
    """Who moves then, with every grace over, by what is new for them."""


class Move(Counts):
    """How many go from one effect to another."""

    before: str = FROM
    """What they get."""
    to: str
    """What they would get."""


class Sampled(Fact):
    """Moments that stand for all those that cannot be told."""

    moments: int
    """How many."""
    first: Instant | None
    """The first of them at which somebody is newly kept out."""
    newly: ByLabel[Later]
    """Who moves at any of them, by the new effect."""


class Undated(Later):
    """Who may newly be kept out at a moment that cannot be told from the rules."""

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


class Window(Fact):
    """Which sightings were looked at."""

    days: int
    """So many days of them."""
    since: Day
    """From this day on, in UTC."""


class RulesNamed(Fact):
    """Rules, as decisions call them."""

    policy: str
    """What decisions call them."""
    digest: str
    """The SHA-256 of their files."""


class RulesThen(RulesNamed):
    """The rules that were in force when the plan was made."""

    serial: int
    """Which activation it was."""
    number: int
    """The number of the version."""


class ReliefsThen(Fact):
    """What the plan takes for granted."""

    serial: int
    """The state of exemptions and rules that are off."""
    exempt: Counts
    """Who is exempt from some rule."""
    off: dict[str, str]
    """Rules that are out for everybody, and why."""


class FailedCase(Fact):
    """A case that would not hold."""

    name: str
    """Its name in the file."""
    wrong: dict[str, list[str]]
    """What was wanted and what would come, by what is wrong."""


class Cases(Fact):
    """The cases that must hold."""

    run: int
    """How many there are."""
    failed: list[FailedCase]
    """Those that would not hold."""


class IdleRules(Fact):
    """Rules that would do nothing."""

    match_nobody: list[str]
    """Those that match nobody of all these."""
    out_of_reach: dict[str, str]
    """Those that can never decide anything, and why."""
    not_started: list[str]
    """Those whose first stage has not begun."""


class Plan(Fact):
    """What would change, and for whom."""

    digest: str
    """What binds all of it."""
    made_at: Instant
    """When it was made."""
    window: Window
    """Which sightings were looked at."""
    active: RulesThen
    """What it was compared with."""
    candidate: RulesNamed
    """What it is about."""
    reliefs: ReliefsThen
    """What it takes for granted."""
    changes: list[Change]
    """What differs in the rules."""
    cases: Cases
    """The cases that must hold."""
    rules: IdleRules
    """Rules that would do nothing."""
    newly_listed: list[str]
    """Apps that no report can tell of, since they are listed only now."""
    unreported: list[str] = Field(default_factory=list)
    """Apps that rules would keep people out for, and of which no report tells yet who has them."""
    totals: Totals
    """Everybody that was looked at."""
    untouched: Counts
    """For whom nothing changes."""
    newly: ByLabel[Newly]
    """Who moves now, by what is new for them: block, challenge, warn, allow, or unknown where that cannot be told."""
    moves: list[Move]
    """Who goes from which effect to which."""
    hangs_on: dict[str, int]
    """On which variables hangs what cannot be told, and for how many."""
    later: list[Moment] = Field(default_factory=list)
    """Who moves when stages begin and graces and exemptions end."""
    undated: Undated | None = None
    """Who may newly be kept out when nobody can tell; none in a plan of before."""
    kept_out: Counts | None = None
    """Who is or may be newly kept out at any moment, now or later: what the guard counts; none in a plan of before."""
    known: Counts | None = None
    """Of whom more than their own word tells: what a limit that is a part is a part of; none in a plan of before."""

    @property
    def everybody(self) -> Counts:
        """How many were looked at."""
        totals = self.totals
        return Counts(people=totals.people, devices=totals.devices + totals.clients)


def plain(plan: Plan) -> dict[str, Any]:
    """A plan as JSON has it. What an older plan does not say is not said for it: its digest knows nothing of that."""
    return plan.model_dump(mode="json", by_alias=True, exclude_unset=True)


def dump(plan: Plan) -> str:
    """What is kept of a plan: all of it but names."""
    return json.dumps(without_names(plain(plan)))


@lru_cache(maxsize=64)
def load(text: str) -> Plan:
    """The plan that was kept as this text. Raises ValueError for one that says more, less or something else.

    Those read last are remembered: the console looks at the newest ones every few seconds, and none of them changes.
    """
    return Plan.model_validate_json(text)


def digest_of(plan: Plan) -> str:
    """What binds a plan: policy, lists, data window and outcome. The SHA-256 of all that is kept of it but the digest."""
    rest = {name: value for name, value in without_names(plain(plan)).items() if name != "digest"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def without_names(part: Any) -> Any:
    """A plan as JSON has it, or a part of one, without its samples: with nobody's name."""
    if isinstance(part, Mapping):
        return {name: without_names(each) for name, each in part.items() if name != "samples"}
    return [without_names(each) for each in part] if isinstance(part, list) else part
