"""Rules and people for property tests: any rules of a few conditions, any people of a few kinds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

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
from mailgate.policy.groups import Groups
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.policy.rules import OnUnavailable
from mailgate.simulate import Occasion, Subject

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
    """A rule in the form of the file. Only a rule that keeps people out has a grace."""
    said = {
        "when": when,
        "effect": effect,
        "share": share,
        "on_unavailable": absent,
        "groups": groups,
        **stages,
    }
    return said | ({"grace": grace} if grace and effect in ("block", "challenge") else {})


rule = st.builds(
    a_rule,
    st.sampled_from(CONDITIONS),
    st.sampled_from(["allow", "warn", "challenge", "block"]),
    st.sampled_from(STAGES),
    st.sampled_from(["100%", "100%", "40%", "0%"]),
    st.sampled_from([each.value for each in OnUnavailable]),
    st.sampled_from([(), (), ("pilot",)]),
    st.sampled_from(["", "7d"]),
)
_END = NOW + timedelta(days=1)
reliefs = st.lists(
    st.builds(
        lambda cause, rule, until, whom: Relief(
            1, cause, rule, "", "", NOW, until, *(whom if cause is Cause.EXEMPTION else ("", ""))
        ),
        st.sampled_from(Cause),
        st.sampled_from(["", "rule-0", "rule-1", "rule-2"]),
        st.sampled_from([None, NOW, _END]),
        st.sampled_from([("ada", ""), ("lin", ""), ("", "d1")]),
    ),
    max_size=3,
).map(lambda found: Reliefs(7, tuple(replace(each, number=number) for number, each in enumerate(found, 1))))
policies: st.SearchStrategy[Policy] = st.builds(
    lambda rules, reliefs: replace(policy_of(*rules), reliefs=reliefs),
    st.lists(rule, min_size=1, max_size=6),
    st.one_of(st.just(NO_RELIEFS), reliefs),
)

clients = st.builds(
    lambda kind, handheld, contradicted, os: Client(
        kind, handheld, os=os, findings=(Finding(Reason.KIND_CONTRADICTED, ""),) if contradicted else ()
    ),
    st.sampled_from(Kind),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["ios", "android", ""]),
)
postures = st.builds(
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
    st.sampled_from(PostureState),
    st.sampled_from([(), ("tiktok",), ("tiktok", "wechat"), ("wechat",)]),
    st.integers(0, 48),
    st.sampled_from([None, *PostureState]),
)
proofs = st.sampled_from(
    [None, AttestationResult(device_id="d"), AttestationResult(refused=Reason.TOKEN_EXPIRED)]
)
facts = st.builds(
    lambda method, remote: RequestFacts(method, "/Microsoft-Server-ActiveSync", remote=remote),
    st.sampled_from(["GET", "OPTIONS"]),  # OPTIONS looks up the mail server
    st.sampled_from(["10.0.0.1", "10.0.0.2"]),
)
GROUPS = Groups.of_members({"pilot": ["ada"]})
people = st.sampled_from(["", "ada", "grace", "lin"]).flatmap(
    lambda name: st.sampled_from([User(name), GROUPS.user(name)])
)
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
crowds = st.lists(st.lists(occasions, min_size=1, max_size=3), max_size=12).map(
    lambda groups: [Subject(f"d{n}", n % 3 > 0, tuple(group)) for n, group in enumerate(groups)]
)
