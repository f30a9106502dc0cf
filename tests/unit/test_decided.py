"""A remembered decision is the one that would be made."""

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.examples import CATALOG, CLEAN, NOW, PHONE, WITH_TIKTOK, access, policy_of

from mailgate import decided as module
from mailgate.decide import decide
from mailgate.decided import LONGEST, Decided
from mailgate.model import (
    Access,
    Assurance,
    AttestationResult,
    CertificateResult,
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
)
from mailgate.policy.condition import compile_condition
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


ALL = [text for name in VARIABLES for text in conditions(name)]
whens = st.builds(
    "{}{}{}".format,
    st.sampled_from([*ALL, "true", "1 / 0 == 1"]),
    st.sampled_from([" && ", " || "]),
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
    """A policy of these rules; grace is for those alone that keep people out."""
    for rule in written:
        if rule["effect"] not in ("block", "challenge"):
            rule.pop("grace", None)
    return replace(policy_of(*written), reliefs=reliefs)


policies = st.builds(
    made,
    st.lists(rules, min_size=1, max_size=5),
    reliefs,
)

found = st.sampled_from(
    [(), *((Finding(each, "x"),) for each in (Reason.KIND_CONTRADICTED, Reason.TWO_DEVICES))]
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
accesses = st.builds(
    Access,
    requests,
    clients,
    postures,
    st.sampled_from([NOW + timedelta(hours=hours) for hours in (-240, 0, 5, 24, 36, 48)]),
    st.builds(
        User,
        st.sampled_from(["", "ann", "bob"]),
        st.sampled_from([(), ("sales",), ("staff",)]),
        grouped=st.booleans(),
    ),
    proofs,
    st.none() | st.builds(CertificateResult, refused=refusals),
)


@lru_cache
def compiled(text: str) -> None:
    compile_condition(text, {"device.apps": tuple(CATALOG.apps), "device.lists": tuple(CATALOG.lists)})


@pytest.mark.parametrize("text", ALL)
def test_every_condition_here_can_be_read(text: str) -> None:
    compiled(text)


@settings(max_examples=150)
@given(st.lists(policies, min_size=1, max_size=2), st.lists(accesses, min_size=1, max_size=8), st.data())
def test_whatever_was_decided_before_the_answer_is_the_same(
    written: list[Policy], people: list[Access], data: st.DataObject
) -> None:
    """Through changes of policy, of one thing about somebody, and of the time in both directions."""
    remembering = Decided(size=6)
    times = [each.now for each in people]
    for _ in range(12):
        policy = data.draw(st.sampled_from(written))
        asks = replace(data.draw(st.sampled_from(people)), now=data.draw(st.sampled_from(times)))
        other = data.draw(st.sampled_from(people))
        if name := data.draw(
            st.sampled_from(["", "client", "posture", "user", "facts", "attestation", "certificate"])
        ):
            asks = replace(asks, **{name: getattr(other, name)})
        assert remembering.decide(asks, policy) == decide(asks, policy)


class Counted:
    """Counts how often a decision is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        monkeypatch.setattr(module, "decide", self)

    def __call__(self, request: Access, policy: Policy) -> object:
        self.made += 1
        return decide(request, policy)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


KIND = {"when": "client.kind == 'phone'"}


@pytest.mark.parametrize(
    ("rule", "changed", "made"),
    [
        (KIND, {}, 1),
        (KIND, {"user": User("bob"), "facts": RequestFacts("POST", "/other", remote="192.0.2.9")}, 1),
        (KIND, {"now": NOW + timedelta(days=9)}, 1),
        (KIND, {"client": replace(PHONE, kind=Kind.TABLET)}, 2),
        (KIND, {"posture": WITH_TIKTOK}, 2),
        ({"when": "request.path == '/'"}, {"facts": RequestFacts(target="/other")}, 2),
        ({"when": "request.path == '/'"}, {"facts": RequestFacts(target="/?page=2")}, 1),
        ({"when": "user.name == 'ann'"}, {"user": User("bob")}, 2),
        (KIND | {"stages": {"enforce": "2026-12-11"}}, {"now": NOW + timedelta(hours=23)}, 1),
        (KIND | {"stages": {"enforce": "2026-12-11"}}, {"now": NOW + timedelta(hours=24)}, 2),
        ({"when": "now > timestamp('2026-12-01T00:00:00Z')"}, {}, 2),
        ({"when": "device.age > duration('1h')"}, {}, 2),
        ({"when": "1 / 0 == 1"}, {}, 2),
    ],
)  # fmt: skip
def test_only_what_the_rules_read_is_decided_anew(
    rule: dict[str, object], changed: dict[str, object], made: int, counted: Counted
) -> None:
    remembering, policy = Decided(), policy_of(rule)
    first = access(PHONE, CLEAN)
    remembering.decide(first, policy)
    remembering.decide(replace(first, **changed), policy)  # type: ignore[arg-type]
    assert counted.made == made


def test_a_rule_that_reads_the_clock_is_in_the_way_of_those_alone_who_come_to_it(counted: Counted) -> None:
    policy = policy_of(KIND, {"when": "device.age > duration('1h')"})
    remembering = Decided()
    for client in (PHONE, PHONE, replace(PHONE, kind=Kind.TABLET), replace(PHONE, kind=Kind.TABLET)):
        remembering.decide(access(client, CLEAN), policy)
    assert counted.made == 3


def test_people_in_the_same_shares_are_alike(counted: Counted) -> None:
    remembering, policy = Decided(), policy_of(KIND | {"share": "50%"})
    for number in range(40):
        remembering.decide(access(PHONE, CLEAN, user=f"person-{number}"), policy)
    assert counted.made == 2


def test_another_policy_starts_anew(counted: Counted) -> None:
    remembering, one, other = Decided(), policy_of(KIND), policy_of(KIND)
    for policy in (one, one, other, one):
        remembering.decide(access(), policy)
    assert counted.made == 3


def test_no_more_than_its_size_is_kept(counted: Counted) -> None:
    remembering, policy = Decided(size=3), policy_of({"when": "request.path == '/'"})
    for path in ("/1", "/2", "/3", "/4", "/1", "/4"):
        remembering.decide(replace(access(), facts=RequestFacts(target=path)), policy)
    assert counted.made == 5


def test_what_somebody_made_up_at_length_is_not_kept(counted: Counted) -> None:
    """Four thousand paths as long as a request line may be would fill the memory."""
    remembering, policy = Decided(), policy_of({"when": "request.path == '/' || request.method == 'x'"})
    for facts in (RequestFacts(target="/" + "x" * LONGEST), RequestFacts(method="X" * (LONGEST + 1))):
        for _ in range(2):
            remembering.decide(replace(access(), facts=facts), policy)
    assert counted.made == 4


def test_it_never_raises() -> None:
    nonsense = replace(access(), now=None)  # type: ignore[arg-type]
    decision = Decided().decide(nonsense, policy_of(KIND | {"stages": {"enforce": "2026-12-11"}}))
    assert (decision.effect, decision.reason) == (Effect.BLOCK, Reason.INTERNAL_ERROR)
