"""Policies, and accesses of everybody and everything, made up at random."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from tests.unit.policy.examples import NOW, policy_of

from mailgate.model import (
    Access,
    Assurance,
    AttestationResult,
    CertificateResult,
    Claim,
    Client,
    Effect,
    Finding,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    Signal,
    User,
    VerifiedLogin,
)
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.rules import RULE_REASONS, Policy
from mailgate.policy.variables import VARIABLES

WORDS = ("ann", "tiktok", "prohibited", "mdm", "17", "/mail", "192.0.2.1")


def conditions(name: str) -> tuple[str, ...]:
    """Conditions that read this variable."""
    variable = VARIABLES[name]
    words = variable.closed or {"device.apps": ("tiktok",), "device.lists": ("prohibited",)}.get(name, WORDS)
    match variable.type:
        case "bool":
            return name, f"!{name}"
        case "string":
            return tuple(f'{name} == "{word}"' for word in words)
        case "list(string)":
            return tuple(f'"{word}" in {name}' for word in words)
        case "duration":
            return f'{name} > duration("24h")', f'{name} < duration("1h")'
    return f'{name} > timestamp("2026-12-11T00:00:00Z")', f"{name}.getHours() == 5"


ALL = [
    *(text for name in VARIABLES for text in conditions(name)),
    'user.name in ["ann", "bob"]',
    'user.name != "ann"',
    'user.name.startsWith("a")',
    '!("sales" in user.groups)',
    'user.groups == ["sales"]',
    'user.groups.exists(group, group == "sales")',
    'device.apps.all(app, app != "tiktok")',
    '[user.name, "bob"].exists(name, name == "ann")',
    '(client.handheld ? user.name : request.path) == "ann"',
    "1 / 0 == 1",
]
whens = st.builds(
    "{}({}{}{})".format,
    st.sampled_from(["", "", "!"]),
    st.sampled_from([*ALL, "true"]),
    st.sampled_from([" && ", " && ", " || "]),
    st.sampled_from([*ALL, "true", "false"]),
)
rules = st.fixed_dictionaries(
    {"when": whens, "effect": st.sampled_from([each.value for each in Effect])},
    optional={
        "share": st.sampled_from(["0%", "50%", "99%"]),
        "stages": st.sampled_from(
            [
                {"report_only": "2026-12-10", "warn": "2026-12-11", "enforce": "2026-12-12"},
                {"enforce": "2026-12-11T12:00:00Z"},
                {"report_only": "2026-12-01"},
            ]
        ),
        "on_unavailable": st.sampled_from(["block", "last_known", "allow"]),
        "groups": st.sampled_from([("sales",), ("sales", "staff")]),
        "grace": st.sampled_from(["1d", "10d"]),
        "self_service": st.just({}),
        "reason": st.sampled_from([each.value for each in RULE_REASONS]),
    },
)
reliefs = st.lists(
    st.builds(
        Relief,
        number=st.integers(1, 3),
        cause=st.sampled_from(Cause),
        rule=st.sampled_from(["", "rule-1", "rule-2"]),
        why=st.just("why"),
        author=st.just("grace"),
        at=st.just(NOW),
        until=st.sampled_from([None, NOW + timedelta(hours=5), NOW + timedelta(hours=30)]),
        person=st.sampled_from(["", "ann"]),
        device=st.sampled_from(["", "d1"]),
    ).filter(lambda each: not (each.person and each.device)),
    max_size=3,
    unique_by=lambda each: each.number,
).map(lambda every: Reliefs(1, tuple(every)))


def made(written: list[dict[str, Any]], reliefs: Reliefs) -> Policy:
    """A policy of these rules; grace and self-service are for those alone that keep people out."""
    for rule in written:
        if rule["effect"] not in ("block", "challenge"):
            rule.pop("grace", None)
            rule.pop("self_service", None)
    return replace(policy_of(*written), reliefs=reliefs)


policies = st.builds(made, st.lists(rules, min_size=1, max_size=5), reliefs)

policies_on_people = st.builds(
    lambda written: policy_of(*({"when": when, "effect": effect} for when, effect in written)),
    st.lists(
        st.tuples(
            st.sampled_from([each for each in ALL if "user." in each]),
            st.sampled_from([each.value for each in Effect]),
        ),
        min_size=1,
        max_size=4,
    ),
)

found = st.sampled_from(
    [
        (),
        *(
            (Finding(each, "x"),)
            for each in (Reason.KIND_CONTRADICTED, Reason.TWO_DEVICES, Reason.DEVICE_OF_ANOTHER)
        ),
    ]
)
refusals = st.sampled_from([None, Reason.TOKEN_EXPIRED, Reason.KEY_REVOKED])
clients = st.builds(
    Client,
    kind=st.sampled_from(Kind),
    handheld=st.booleans(),
    assurance=st.sampled_from(Assurance),
    form=st.sampled_from(["", "phone"]),
    os=st.sampled_from(["", "ios"]),
    eas_id=st.sampled_from(["", "ann"]),
    protocol=st.sampled_from([Protocol.WEB, Protocol.ACTIVESYNC]),
    signals=st.sampled_from([(), (Signal("probe", "x", "y", Kind.LAPTOP),)]),
    findings=found,
)
postures = st.builds(
    Posture,
    state=st.sampled_from(PostureState),
    device_id=st.sampled_from(["", "d1"]),
    kind=st.sampled_from([None, Kind.PHONE]),
    managed=st.sampled_from([None, True]),
    owner=st.sampled_from(["", "ann", "bob"]),
    apps=st.sampled_from([(), ("tiktok",), ("wechat",)]),
    lists=st.sampled_from([(), ("prohibited",)]),
    sources=st.sampled_from([(), ("mdm",)]),
    reported_at=st.sampled_from([None, NOW - timedelta(1), NOW]),
    expires_at=st.sampled_from([None, NOW - timedelta(1), NOW + timedelta(1)]),
    findings=st.sampled_from([(), (Finding(Reason.DEVICE_OS_CONTRADICTED, "x"),)]),
    lost=st.sampled_from([False, False, True]),
    last_state=st.sampled_from([None, *PostureState]),
    first_seen=st.sampled_from([None, NOW - timedelta(12), NOW - timedelta(hours=20), NOW]),
)
requests = st.builds(
    RequestFacts,
    method=st.sampled_from(["GET", "OPTIONS"]),
    target=st.sampled_from(["/mail", "/Microsoft-Server-ActiveSync", "/autodiscover/autodiscover.xml"]),
    scheme=st.sampled_from(["http", "https"]),
    remote=st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    headers=st.sampled_from([{}, {"cookie": "x"}]),
)
proofs = st.none() | st.builds(
    AttestationResult,
    issuer=st.sampled_from(["", "mdm"]),
    status=st.sampled_from(["none", "affirming"]),
    refused=refusals,
)
users = st.builds(
    User,
    st.sampled_from(["", "ann", "bob"]),
    st.sampled_from([(), ("sales",), ("staff",)]),
    groups_known=st.booleans(),
)
claims = st.lists(st.builds(Claim, users, clients, postures), max_size=2).map(tuple)
accesses = st.builds(
    Access,
    requests,
    clients,
    postures,
    st.sampled_from([NOW + timedelta(hours=hours) for hours in (-240, 0, 5, 24, 36, 48)]),
    users,
    proofs,
    st.none() | st.builds(CertificateResult, refused=refusals),
    st.none() | st.just(VerifiedLogin("ann", "d1", NOW + timedelta(hours=30))),
    st.just(()) | claims,
)
