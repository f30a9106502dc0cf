from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.engine.test_key import accesses, claims, policies
from tests.unit.policy.examples import CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.engine.decide import decide
from mailgate.model import (
    Access,
    Assurance,
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
    Stage,
    User,
)
from mailgate.policy.groups import Groups
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.policy.rules import Policy

PROHIBITED = {"id": "prohibited-app", "when": 'client.handheld && "prohibited" in device.lists'}
UNPROVEN = {"id": "unproven", "when": 'client.handheld && !(device.state in ["clean", "listed"])'}
HANDHELD = {"id": "handheld", "when": "client.handheld", "effect": "allow"}
BROKEN = {"id": "broken", "when": "1 / 0 == 1"}
STAGES = {"report_only": "2026-12-09", "warn": "2026-12-11", "enforce": "2026-12-13"}
UNAVAILABLE = Posture(PostureState.UNAVAILABLE)


def outcome(policy, request: Access) -> tuple[Effect, Reason, str]:
    decision = decide(request, policy)
    return decision.effect, decision.reason, decision.rule


def test_the_first_rule_that_matches_decides() -> None:
    policy = policy_of(
        {"when": "client.kind == 'laptop'", "effect": "allow"}, {"when": "true"}, {"effect": "allow"}
    )
    assert outcome(policy, access(LAPTOP)) == (Effect.ALLOW, Reason.RULE_MATCHED, "rule-0")
    assert outcome(policy, access(PHONE)) == (Effect.BLOCK, Reason.RULE_MATCHED, "rule-1")


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ({}, (Effect.BLOCK, Reason.NO_RULE_MATCHED, "default")),
        ({"effect": "warn", "reason": "kind-refused"}, (Effect.WARN, Reason.KIND_REFUSED, "default")),
    ],
)
def test_the_default_decides_where_no_rule_does(
    default: dict[str, str], expected: tuple[Effect, Reason, str]
) -> None:
    assert outcome(policy_of({"when": "false"}, **default), access()) == expected


@pytest.mark.parametrize("client", [LAPTOP, PHONE])
@pytest.mark.parametrize("state", PostureState)
def test_a_lost_device_gets_nothing_whatever_the_rules_say(client: Client, state: PostureState) -> None:
    policy = policy_of({"when": "true", "effect": "allow"}, notice={"contact": "it-help@example.com"})
    lost = Posture(state, device_id="abcd-efgh-ijkl", lost=True)
    assert outcome(policy, access(client, lost)) == (Effect.BLOCK, Reason.DEVICE_LOST, "device-lost")
    decision = decide(access(client, lost), policy)
    assert (decision.contact, decision.fix) == ("it-help@example.com", "ask")


def test_a_rule_that_asks_whether_sources_agree_says_so() -> None:
    policy = policy_of({"when": "device.contradicted"}, HANDHELD)
    found = (Finding(Reason.DEVICE_OS_CONTRADICTED, "ios says mdm, android says jamf"),)
    assert outcome(policy, access(PHONE, replace(CLEAN, findings=found)))[:2] == (
        Effect.BLOCK,
        Reason.DEVICE_CONTRADICTED,
    )
    assert outcome(policy, access(PHONE, CLEAN))[0] is Effect.ALLOW


def test_every_rule_that_was_tried_is_told_in_order() -> None:
    policy = policy_of({"when": "false"}, {"stages": {"enforce": "2027-01-01"}}, PROHIBITED, HANDHELD)
    decision = decide(access(PHONE, WITH_TIKTOK), policy)
    assert [(trial.rule, trial.stage, trial.matched, trial.effect) for trial in decision.trials] == [
        ("rule-0", Stage.ENFORCE, False, None),
        ("rule-1", Stage.PENDING, False, None),
        ("prohibited-app", Stage.ENFORCE, True, Effect.BLOCK),
    ]
    assert decision.trials[1].note == "starts at 2027-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("days", "effect", "rule", "would", "deadline"),
    [
        (-2, Effect.ALLOW, "handheld", [], None),
        (0, Effect.ALLOW, "handheld", ["prohibited-app"], None),
        (1, Effect.WARN, "prohibited-app", [], NOW + timedelta(days=3)),
        (3, Effect.BLOCK, "prohibited-app", [], None),
    ],
)
def test_a_rule_goes_through_its_stages(
    days: int, effect: Effect, rule: str, would: list[str], deadline: object
) -> None:
    policy = policy_of(PROHIBITED | {"stages": STAGES}, UNPROVEN, HANDHELD)
    decision = decide(access(PHONE, WITH_TIKTOK, now=NOW + timedelta(days=days)), policy)
    assert (decision.effect, decision.rule, decision.deadline) == (effect, rule, deadline)
    assert [trial.rule for trial in decision.would] == would


def test_the_deciding_rule_tells_its_title_fix_contact_and_apps() -> None:
    rule = PROHIBITED | {
        "title": "No TikTok",
        "notice": {"fix": "remove-app", "contact": "it-help@example.com"},
    }
    decision = decide(access(PHONE, WITH_TIKTOK), policy_of(rule))
    assert (decision.title, decision.fix, decision.contact) == (
        "No TikTok",
        "remove-app",
        "it-help@example.com",
    )
    assert (decision.reason, decision.apps) == (Reason.PROHIBITED_APP, ("TikTok",))


def test_an_explicit_reason_wins() -> None:
    policy = policy_of(PROHIBITED | {"reason": "kind-refused"})
    assert outcome(policy, access(PHONE, WITH_TIKTOK))[1] is Reason.KIND_REFUSED


@pytest.mark.parametrize("effect", ["allow", "warn", "challenge", "block"])
@pytest.mark.parametrize("stage", [{}, {"stages": {"warn": "2026-12-01"}}])
def test_a_condition_that_fails_blocks_whatever_the_rule_would_do(
    effect: str, stage: dict[str, object]
) -> None:
    rule = (
        BROKEN | {"effect": effect, "title": "t", "notice": {"fix": "ask"}, "reason": "kind-refused"} | stage
    )
    decision = decide(access(), policy_of(rule, HANDHELD))
    assert (decision.effect, decision.reason, decision.rule) == (Effect.BLOCK, Reason.RULE_ERROR, "broken")
    assert (decision.title, decision.fix, decision.trials[0].note) == ("", "", "failed: divide by zero")


def test_a_condition_that_fails_in_report_only_has_no_effect() -> None:
    decision = decide(access(), policy_of(BROKEN | {"stages": {"report_only": "2026-12-01"}}, HANDHELD))
    assert (decision.effect, [trial.rule for trial in decision.would]) == (Effect.ALLOW, ["broken"])


@pytest.mark.parametrize(
    ("choice", "rule", "expected"),
    [
        ("block", PROHIBITED, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        ("last_known", PROHIBITED, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        ("allow", PROHIBITED, (Effect.ALLOW, Reason.RULE_MATCHED, "handheld")),
        ("allow", {"when": "device.known", "effect": "allow"}, (Effect.ALLOW, Reason.POSTURE_UNAVAILABLE, "rule-0")),
        ("block", {"when": "device.known", "effect": "allow"}, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "rule-0")),
        ("block", {"when": 'device.state == "unavailable"', "effect": "warn"}, (Effect.WARN, Reason.POSTURE_UNAVAILABLE, "rule-0")),
        ("block", {"when": "client.kind == 'laptop' && device.known"}, (Effect.ALLOW, Reason.RULE_MATCHED, "handheld")),
    ],
)  # fmt: skip
def test_on_unavailable(choice: str, rule: dict[str, str], expected: tuple[Effect, Reason, str]) -> None:
    policy = policy_of(rule | {"on_unavailable": choice}, HANDHELD)
    assert outcome(policy, access(PHONE, UNAVAILABLE)) == expected


@pytest.mark.parametrize(
    ("last", "expires_in", "expected"),
    [
        (CLEAN, 1, (Effect.ALLOW, Reason.RULE_MATCHED, "handheld")),
        (WITH_TIKTOK, 1, (Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app")),
        (CLEAN, 0, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        (CLEAN, -1, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
    ],
)
def test_what_was_last_known_counts_until_it_expires(
    last: Posture, expires_in: int, expected: tuple[Effect, Reason, str]
) -> None:
    posture = replace(
        last,
        state=PostureState.UNAVAILABLE,
        last_state=last.state,
        expires_at=NOW + timedelta(hours=expires_in),
    )
    assert outcome(policy_of(PROHIBITED, UNPROVEN, HANDHELD), access(PHONE, posture)) == expected


def test_unavailability_is_not_softened_by_warn() -> None:
    policy = policy_of(PROHIBITED | {"stages": {"warn": "2026-12-01"}}, HANDHELD)
    assert outcome(policy, access(PHONE, UNAVAILABLE))[0] is Effect.BLOCK


def test_outside_of_its_share_a_rule_is_passed_over() -> None:
    policy = policy_of(PROHIBITED | {"share": "50%"}, HANDHELD)
    people = [f"person-{number}" for number in range(50)]
    decisions = [decide(access(PHONE, WITH_TIKTOK, user=name), policy) for name in people]
    assert {decision.rule for decision in decisions} == {"prohibited-app", "handheld"}
    notes = {decision.trials[0].note for decision in decisions if decision.rule == "handheld"}
    assert notes == {"outside the share of 50%"}


def test_it_never_raises() -> None:
    nonsense = replace(access(), now=None)  # type: ignore[arg-type]
    decision = decide(nonsense, policy_of(PROHIBITED | {"stages": STAGES}))
    assert (decision.effect, decision.reason) == (Effect.BLOCK, Reason.INTERNAL_ERROR)


clients = st.builds(
    Client,
    kind=st.sampled_from(Kind),
    handheld=st.booleans(),
    assurance=st.sampled_from(Assurance),
    os=st.text(max_size=5),
)
postures = st.builds(
    Posture,
    state=st.sampled_from(PostureState),
    apps=st.sampled_from([(), ("tiktok",)]),
    lists=st.sampled_from([(), ("prohibited",)]),
    last_state=st.sampled_from([None, *PostureState]),
    expires_at=st.sampled_from([None, NOW - timedelta(1), NOW + timedelta(1)]),
)


@given(clients, postures, st.text(max_size=10))
def test_a_report_only_rule_changes_nothing(client: Client, posture: Posture, path: str) -> None:
    request = Access(RequestFacts(target="/" + path), client, posture, NOW)
    rest = (PROHIBITED, UNPROVEN, HANDHELD)
    rehearsed = ({"id": "rehearsed", "when": 'device.state != "clean"', "stages": {"report_only": "2026-12-01"}}, BROKEN | {"stages": {"report_only": "2026-12-01"}})  # fmt: skip
    assert outcome(policy_of(*rehearsed, *rest), request) == outcome(policy_of(*rest), request)


@given(clients, postures)
def test_only_a_clean_handheld_gets_in(client: Client, posture: Posture) -> None:
    request = access(replace(client, handheld=True), posture)
    let_in = decide(
        request, policy_of(PROHIBITED, {"id": "unproven", "when": 'device.state != "clean"'}, HANDHELD)
    )
    last = posture.expires_at is not None and posture.expires_at > NOW and posture.last_state
    state = last if posture.state is PostureState.UNAVAILABLE else posture.state
    if let_in.effect is Effect.ALLOW:
        assert state is PostureState.CLEAN


@pytest.mark.parametrize(
    ("method", "target", "protocol", "rule"),
    [
        ("OPTIONS", "/Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC, "discovery"),
        ("GET", "/autodiscover/autodiscover.xml", Protocol.WEB, "discovery"),
        ("POST", "/autodiscover/autodiscover.xml", Protocol.WEB, "rule-0"),
        ("POST", "/Microsoft-Server-ActiveSync", Protocol.ACTIVESYNC, "rule-0"),
        ("OPTIONS", "/inbox", Protocol.WEB, "rule-0"),
        ("OPTIONS", "/?_task=mail", Protocol.ACTIVESYNC, "rule-0"),
    ],
)
def test_no_rule_keeps_anybody_from_asking_the_way(
    method: str, target: str, protocol: Protocol, rule: str
) -> None:
    asked = replace(
        access(replace(PHONE, protocol=protocol), WITH_TIKTOK),
        facts=RequestFacts(method=method, target=target),
    )
    assert decide(asked, policy_of({"when": "true", "effect": "block"})).rule == rule


@pytest.mark.parametrize(
    ("method", "target"),
    [("OPTIONS", "/Microsoft-Server-ActiveSync"), ("GET", "/autodiscover/autodiscover.xml")],
)
def test_who_asks_the_way_is_told_it_whoever_carries_the_mail(method: str, target: str) -> None:
    """The gate tells it itself (``gateway/autodiscover/directions.py``), so that it is no matter what login comes along."""
    facts = RequestFacts(method, target, headers={"authorization": "Basic YTpi", "cookie": "session=1"})
    asked = replace(access(PHONE, WITH_TIKTOK), facts=facts)
    for each in (asked, replace(asked, facts=replace(facts, by_forward_auth=True))):
        assert decide(each, policy_of({"when": "true", "effect": "block"})).rule == "discovery"


def test_whom_the_rules_allow_gets_more_than_the_way() -> None:
    asked = replace(access(PHONE, WITH_TIKTOK), facts=RequestFacts("OPTIONS", "/Microsoft-Server-ActiveSync"))
    rehearsed = {"when": "true", "effect": "block", "stages": {"report_only": "2020-01-01"}}
    decision = decide(asked, policy_of(rehearsed, {"when": "true", "effect": "allow"}))
    assert (decision.rule, decision.would) == ("rule-1", ())
    lost = decide(replace(asked, posture=replace(WITH_TIKTOK, lost=True)), policy_of({"effect": "allow"}))
    assert (lost.effect, lost.rule) == (Effect.ALLOW, "discovery")
    assert [trial.rule for trial in lost.trials] == ["device-lost", "discovery"]


NEW = replace(WITH_TIKTOK, first_seen=NOW - timedelta(days=2))


@pytest.mark.parametrize(
    ("posture", "stages", "effect", "deadline"),
    [
        (NEW, {}, Effect.WARN, NOW + timedelta(days=5)),
        (replace(NEW, first_seen=NOW - timedelta(days=7)), {}, Effect.BLOCK, None),
        (WITH_TIKTOK, {}, Effect.BLOCK, None),
        (NEW, {"warn": "2026-12-01", "enforce": "2026-12-11"}, Effect.WARN, NOW + timedelta(days=5)),
        (NEW, {"warn": "2026-12-01", "enforce": "2026-12-20"}, Effect.WARN, NOW + timedelta(days=10)),
        (NEW, {"enforce": "2026-12-01"}, Effect.WARN, NOW + timedelta(days=5)),
        (NEW, {"report_only": "2026-12-01", "enforce": "2026-12-20"}, Effect.ALLOW, None),
    ],
)
def test_a_new_device_is_warned_until_its_own_deadline(
    posture: Posture, stages: dict[str, str], effect: Effect, deadline: object
) -> None:
    rule = PROHIBITED | {"grace": "7d"} | ({"stages": stages} if stages else {})
    decision = decide(access(PHONE, posture), policy_of(rule, HANDHELD))
    assert (decision.effect, decision.deadline) == (effect, deadline)


@pytest.mark.parametrize(
    ("rule", "posture", "reason"),
    [
        (BROKEN, NEW, Reason.RULE_ERROR),
        (PROHIBITED, replace(UNAVAILABLE, first_seen=NOW), Reason.POSTURE_UNAVAILABLE),
        (PROHIBITED, replace(NEW, lost=True), Reason.DEVICE_LOST),
    ],
)
def test_grace_opens_nothing_but_the_rule_itself(
    rule: dict[str, object], posture: Posture, reason: Reason
) -> None:
    assert outcome(policy_of(rule | {"grace": "7d"}), access(PHONE, posture))[:2] == (Effect.BLOCK, reason)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 20), st.integers(0, 20), st.integers(1, 20))
def test_what_a_rule_does_to_a_device_only_ever_gets_stricter_with_time(
    one: int, other: int, first_seen: int, warn: int, grace: int
) -> None:
    start = NOW - timedelta(days=9)
    stages = {
        "warn": (start + timedelta(days=warn)).isoformat(),
        "enforce": (NOW + timedelta(days=12)).isoformat(),
    }
    policy = policy_of(PROHIBITED | {"grace": f"{grace}d", "stages": stages}, HANDHELD)
    posture = replace(WITH_TIKTOK, first_seen=start + timedelta(days=first_seen))
    order = [Effect.ALLOW, Effect.WARN, Effect.BLOCK]
    ranks = [
        order.index(decide(access(PHONE, posture, now=start + timedelta(days=each)), policy).effect)
        for each in sorted((one, other))
    ]
    assert ranks == sorted(ranks)


def test_a_rule_for_a_group_is_about_nobody_else() -> None:
    policy = policy_of({"groups": ("pilot",)}, HANDHELD)
    groups = Groups.of_members({"pilot": ["ada"]})
    assert decide(replace(access(), user=groups.user("ada")), policy).effect is Effect.BLOCK
    decision = decide(replace(access(), user=groups.user("grace")), policy)
    assert (decision.rule, decision.trials[0].note) == ("handheld", "not in pilot")
    assert decide(access(user="grace"), policy).effect is Effect.BLOCK, "nothing tells who is in which group"


_STARTS = ("2026-12-01", "2026-12-08T09:00:00-08:00", "2026-12-15T09:00:00+14:00", "2027-01-01")
_STRICTER = list(Effect)
_MINUTES = st.integers(-20 * 24 * 60, 40 * 24 * 60)


@given(
    st.sampled_from(["block", "challenge"]),
    st.sets(st.sampled_from(["report_only", "warn", "enforce"]), min_size=1),
    st.sets(st.sampled_from(_STARTS), min_size=3, max_size=3),
    _MINUTES,
    _MINUTES,
)
def test_who_is_always_the_same_is_only_ever_kept_out_more_by_a_rule_in_stages(
    effect: str, named: set[str], starts: set[str], one: int, other: int
) -> None:
    order = [stage for stage in ("report_only", "warn", "enforce") if stage in named]
    stages = dict(zip(order, sorted(starts), strict=False))
    policy = policy_of({"effect": effect, "stages": stages}, {"effect": "allow"})
    sooner, later = sorted((one, other))
    at = [access(now=NOW + timedelta(minutes=each)) for each in (sooner, later)]
    before, after = [_STRICTER.index(decide(each, policy).effect) for each in at]
    assert before <= after


def severity(policy: Policy, asks: Access) -> int:
    return decide(asks, policy).effect.severity


@settings(max_examples=300)
@given(policies, accesses, claims)
def test_a_claim_makes_no_answer_milder(policy: Policy, asks: Access, more: tuple[Claim, ...]) -> None:
    """Whatever the rules, the exemptions and the shares are, and whatever was claimed before."""
    assert severity(policy, replace(asks, claims=(*asks.claims, *more))) >= severity(policy, asks)
    alone = replace(asks, claims=())
    decision = decide(asks, policy)
    assert (
        decision.claimed is (decision.effect.severity > severity(policy, alone))
        or decision.rule == "discovery"
    )


@settings(max_examples=300)
@given(policies, accesses)
def test_who_may_or_may_not_be_in_a_group_gets_the_harder_answer(policy: Policy, asks: Access) -> None:
    policy = replace(policy, reliefs=NO_RELIEFS)
    asks = replace(asks, posture=replace(asks.posture, owner="", device_id=""), claims=())
    if policy.reads & {"user.name", "user.groups"}:
        return
    unknown = severity(policy, replace(asks, user=User()))
    for groups in ((), ("sales",), ("staff",), ("sales", "staff")):
        for name in ("ann", "bob", "carol", "dan", "eve"):
            assert unknown >= severity(policy, replace(asks, user=User(name, groups, groups_known=True)))


def test_a_warning_for_some_is_no_way_around_the_rules_for_all() -> None:
    pilot = {"id": "pilot", "effect": "warn", "groups": ("pilot",)}
    some = {"id": "some", "effect": "warn", "share": "50%"}
    for rule in (pilot, some):
        policy = policy_of(rule, {"id": "all", "effect": "block"})
        assert outcome(policy, access(PHONE))[::2] == (Effect.BLOCK, "all")
        assert outcome(policy_of(rule, {"effect": "allow"}), access(PHONE))[::2] == (Effect.WARN, rule["id"])
    member = replace(access(PHONE), user=User("ada", ("pilot",), groups_known=True))
    assert outcome(policy_of(pilot, {"effect": "block"}), member)[::2] == (Effect.WARN, "pilot")


def test_a_name_that_nobody_checked_grants_nothing_and_restricts() -> None:
    """Neither an exemption, nor leaving a group, a list or a share; but a rule about that person holds."""
    phone = replace(WITH_TIKTOK, device_id="")
    claimed = (Claim(User("ada", (), groups_known=True), PHONE, phone),)
    asks = replace(access(PHONE, phone), claims=claimed)
    exempt = Relief(1, Cause.EXEMPTION, "", "why", "grace", NOW, person="ada")
    for rule in ({}, {"groups": ("pilot",)}, {"share": "1%"}, {"when": "user.name != 'ada'"}):
        policy = policy_of(PROHIBITED | rule if "when" not in rule else rule, HANDHELD)
        assert decide(asks, replace(policy, reliefs=Reliefs(1, (exempt,)))).effect is Effect.BLOCK, rule
    for allowed in ({"when": "user.name == 'ada'"}, {"groups": ("execs",)}):
        assert decide(asks, policy_of({"effect": "allow"} | allowed)).effect is Effect.BLOCK
    decision = decide(asks, policy_of({"when": "user.name == 'ada'"}, {"effect": "allow"}))
    assert (decision.effect, decision.claimed) == (Effect.BLOCK, True)


def test_a_made_up_id_is_in_no_place_of_a_share() -> None:
    policy = policy_of({"share": "1%"}, {"effect": "allow"})
    for number in range(50):
        asks = access(replace(PHONE, eas_id=f"made-up-{number}"), Posture(PostureState.MISSING))
        assert decide(asks, policy).effect is Effect.BLOCK
