"""Rules and people for property tests: any rules of a few conditions, any people of a few kinds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import TypeVar

from hypothesis import strategies as st
from tests.unit.policy.examples import CATALOG, NOW, policy_of

from mailgate.model import (
    Access,
    AttestationResult,
    Client,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy import Policy
from mailgate.policy.people import Groups
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.policy.rules import OnUnavailable
from mailgate.policy.simulate.impact import Subject
from mailgate.policy.simulate.judge import Occasion

T = TypeVar("T")
CONDITIONS = (
    "true",
    "client.handheld",
    'client.kind == "laptop"',
    'client.kind == "unknown"',
    '"prohibited" in device.lists',
    'device.state != "clean"',
    'device.age > duration("24h")',
    'device.apps.size() > 1 && device.apps[1] == "wechat"',
    'device.apps[0] == "tiktok"',  # fails if there is none
    "attestation.valid",
    "client.contradicted",
    'user.name == "ada"',
    'client.handheld && request.remote == "10.0.0.1"',
    'request.remote == "10.0.0.1" || client.kind == "laptop"',
)
STAGES = (
    {},
    {"stages": {"report_only": "2026-12-01"}},
    {"stages": {"warn": "2026-12-01"}},
    {"stages": {"enforce": "2027-01-01"}},
)


def a_rule(
    when: str,
    effect: str,
    stages: Mapping[str, object],
    share: str,
    absent: str,
    groups: tuple[str, ...],
    grace: str,
) -> dict[str, object]:
    """A rule in the form of the file. Only a rule that blocks people has a grace."""
    said = {
        "when": when,
        "effect": effect,
        "share": share,
        "on_unavailable": absent,
        "groups": groups,
        **stages,
    }
    return said | ({"grace": grace} if grace and effect in ("block", "challenge") else {})


def one_of_all(make: Callable[..., T], *choices: Sequence[object]) -> st.SearchStrategy[T]:
    """One draw from everything that ``make`` makes of these choices: many small draws take most of a test's time."""
    return st.sampled_from([*product(*choices)]).map(lambda chosen: make(*chosen))


ABSENT = [each.value for each in OnUnavailable]
rule = one_of_all(
    a_rule,
    CONDITIONS,
    ["allow", "warn", "challenge", "block"],
    STAGES,
    ["100%", "100%", "40%", "0%"],
    ABSENT,
    [(), (), ("pilot",)],
    ["", "7d"],
)
_END = NOW + timedelta(days=1)
reliefs = st.lists(
    one_of_all(
        lambda cause, rule, until, whom: Relief(
            1, cause, rule, "", "", NOW, until, *(whom if cause is Cause.EXEMPTION else ("", ""))
        ),
        [*Cause],
        ["", "rule-0", "rule-1", "rule-2"],
        [None, NOW, _END],
        [("ada", ""), ("lin", ""), ("", "d1")],
    ),
    max_size=3,
).map(lambda found: Reliefs(7, tuple(replace(each, number=number) for number, each in enumerate(found, 1))))
policies: st.SearchStrategy[Policy] = st.builds(
    lambda rules, reliefs: replace(policy_of(*rules), reliefs=reliefs),
    st.lists(rule, min_size=1, max_size=6),
    st.one_of(st.just(NO_RELIEFS), reliefs),
)

clients = one_of_all(
    lambda kind, handheld, contradicted, os: Client(
        kind, handheld, os=os, findings=(Finding(Reason.KIND_CONTRADICTED, ""),) if contradicted else ()
    ),
    [*Kind],
    [False, True],
    [False, True],
    ["ios", "android", ""],
)
postures = one_of_all(
    lambda state, apps, hours, last: Posture(
        state,
        device_id="d1" if hours % 2 else "d2",
        apps=apps,
        lists=CATALOG.lists_of(apps),
        reported_at=NOW - timedelta(hours=hours),
        expires_at=NOW + timedelta(hours=hours - 24),
        last_state=last,
        first_seen=NOW - timedelta(hours=hours * 7) if hours else None,
    ),
    [*PostureState],
    [(), ("tiktok",), ("tiktok", "wechat"), ("wechat",)],
    [0, 1, 8, 23, 24, 25, 47, 48],
    [None, *PostureState],
)
proofs = st.sampled_from(
    [None, AttestationResult(device_id="d"), AttestationResult(refused=Reason.TOKEN_EXPIRED)]
)
facts = one_of_all(
    lambda method, remote: RequestFacts(method, "/Microsoft-Server-ActiveSync", remote=remote),
    ["GET", "OPTIONS"],  # OPTIONS looks up the mail server
    ["10.0.0.1", "10.0.0.2"],
)
GROUPS = Groups.of_members({"pilot": ["ada"]})
people = one_of_all(lambda of, name: of(name), [User, GROUPS.user], ["", "ada", "grace", "lin"])
accesses: st.SearchStrategy[Access] = st.builds(
    lambda facts, client, posture, person, proof: Access(facts, client, posture, NOW, person, proof),
    facts, clients, postures, people, proofs,
)  # fmt: skip

UNTOLD = frozenset({"request.remote"})
OPEN, SHUT = {"effect": "allow"}, {"effect": "block"}


def once(seen: Access, person: str = "ada", unrecorded: frozenset[str] = frozenset()) -> Occasion:
    """An access that looks the same under the old lists and the new ones."""
    return Occasion(seen, seen, person, unrecorded)


def subject(*occasions: Occasion, name: str = "d1") -> Subject:
    """A known device with these accesses."""
    return Subject(name, True, occasions)


def occasion(access: Access, listed: bool) -> Occasion:
    """The same access, possibly under other lists."""
    after = access if listed else replace(access, posture=replace(access.posture, lists=()))
    return Occasion(access, after, access.user.name)


occasions = st.builds(occasion, accesses, st.booleans())
crowds = st.lists(st.lists(occasions, min_size=1, max_size=3), max_size=5).map(
    lambda groups: [Subject(f"d{n}", n % 3 > 0, tuple(group)) for n, group in enumerate(groups)]
)
