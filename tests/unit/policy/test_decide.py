from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.examples import CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.made_up import accesses, claims, policies, policies_on_people

from mailgate.model import (
    Access,
    Assurance,
    Claim,
    Client,
    Decision,
    Effect,
    Finding,
    Kind,
    Posture,
    PostureState,
    Protocol,
    Reason,
    RequestFacts,
    RuleTrial,
    Stage,
    User,
)
from mailgate.policy.condition import Condition
from mailgate.policy.decide import decide
from mailgate.policy.people import Groups
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.policy.rule_index import Indexed, RuleIndex
from mailgate.policy.rule_states import effect_now, is_about, share_subject
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
    assert (decision.contact, decision.fix, decision.policy_version) == (
        "it-help@example.com",
        "ask",
        policy.version,
    )
    assert decide(access(client, lost), policy_of({})).contact == ""


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
    assert decision.trials[1].note == "starts 2027-01-01T00:00:00+00:00"


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
    bare = policy_of({})
    decision = decide(access(PHONE, WITH_TIKTOK), bare)
    assert decision == Decision(Effect.BLOCK, Reason.RULE_MATCHED, "rule-0", bare.version, decision.trials)


def test_an_explicit_reason_wins() -> None:
    policy = policy_of(PROHIBITED | {"reason": "kind-refused"})
    assert outcome(policy, access(PHONE, WITH_TIKTOK))[1] is Reason.KIND_REFUSED


@pytest.mark.parametrize("effect", ["allow", "warn", "challenge", "block"])
@pytest.mark.parametrize("stage", [{}, {"stages": {"warn": "2026-12-01", "enforce": "2026-12-20"}}])
def test_a_condition_that_fails_blocks_whatever_the_rule_would_do(
    effect: str, stage: dict[str, object]
) -> None:
    rule = (
        BROKEN | {"effect": effect, "title": "t", "notice": {"fix": "ask"}, "reason": "kind-refused"} | stage
    )
    decision = decide(access(), policy_of(rule, HANDHELD))
    assert (decision.effect, decision.reason, decision.rule) == (Effect.BLOCK, Reason.RULE_ERROR, "broken")
    assert (decision.title, decision.fix, decision.deadline) == ("", "", None)
    assert decision.trials[0].note == "failed: divide by zero"


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
def test_the_rule_decides_what_an_unavailable_posture_gets(
    choice: str, rule: dict[str, str], expected: tuple[Effect, Reason, str]
) -> None:
    policy = policy_of(rule | {"on_unavailable": choice}, HANDHELD)
    assert outcome(policy, access(PHONE, UNAVAILABLE)) == expected


@pytest.mark.parametrize(
    ("last", "expires_in", "expected"),
    [
        (CLEAN, 1, (Effect.ALLOW, Reason.RULE_MATCHED, "handheld")),
        (WITH_TIKTOK, 1, (Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app")),
        (CLEAN, 0, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        (CLEAN, -1, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        (CLEAN, None, (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
    ],
)
def test_the_last_known_posture_counts_until_it_expires(
    last: Posture, expires_in: int | None, expected: tuple[Effect, Reason, str]
) -> None:
    expires_at = None if expires_in is None else NOW + timedelta(hours=expires_in)
    posture = replace(last, state=PostureState.UNAVAILABLE, last_state=last.state, expires_at=expires_at)
    assert outcome(policy_of(PROHIBITED, UNPROVEN, HANDHELD), access(PHONE, posture)) == expected


def test_unavailability_is_not_softened_by_warn() -> None:
    policy = policy_of(PROHIBITED | {"stages": {"warn": "2026-12-01"}}, HANDHELD)
    assert outcome(policy, access(PHONE, UNAVAILABLE))[0] is Effect.BLOCK


WARNED = PROHIBITED | {"effect": "warn"}
ENDED = replace(UNAVAILABLE, last_state=PostureState.CLEAN, expires_at=NOW - timedelta(hours=1))
SEEN = {"apps": ("tiktok",), "lists": ("prohibited",), "device_id": "d1"}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((WARNED,), (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        ((PROHIBITED | {"stages": {"warn": "2026-12-01"}},), (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        ((PROHIBITED | {"grace": "90d"},), (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "prohibited-app")),
        ((WARNED | {"on_unavailable": "allow"}, {"id": "proven", "when": "device.managed"}), (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE, "proven")),
        ((PROHIBITED,), (Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app")),
        ((PROHIBITED | {"on_unavailable": "allow"},), (Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app")),
        ((WARNED | {"on_unavailable": "allow"},), (Effect.WARN, Reason.PROHIBITED_APP, "prohibited-app")),
        ((WARNED | {"on_unavailable": "allow"}, {"id": "all", "effect": "warn"}), (Effect.WARN, Reason.PROHIBITED_APP, "prohibited-app")),
        (({"id": "not-listed", "when": 'device.state != "listed"', "on_unavailable": "allow"},), (Effect.BLOCK, Reason.RULE_MATCHED, "not-listed")),
    ],
)  # fmt: skip
def test_a_seen_app_opens_nothing_that_is_closed_to_unknown_phones(
    rules: tuple[dict[str, object], ...], expected: tuple[Effect, Reason, str]
) -> None:
    ended = replace(ENDED, last_state=PostureState.LISTED, first_seen=NOW, **SEEN)
    assert outcome(policy_of(*rules, HANDHELD), access(PHONE, ended)) == expected


def test_a_seen_app_is_ignored_too_only_while_the_posture_is_unavailable() -> None:
    policy = policy_of({"when": '!("prohibited" in device.lists)'}, HANDHELD)
    assert decide(access(PHONE, WITH_TIKTOK), policy).effect is Effect.ALLOW


def test_the_harder_answer_says_which_rule_the_seen_app_met() -> None:
    rehearsed = PROHIBITED | {"id": "rehearsed", "stages": {"report_only": "2026-12-01"}}
    later = {"id": "later", "stages": {"report_only": "2026-12-01"}}
    warned, proven = WARNED | {"on_unavailable": "allow"}, {"id": "proven", "when": "device.managed"}
    asks = access(PHONE, replace(ENDED, last_state=PostureState.LISTED, **SEEN))
    decision = decide(asks, policy_of(rehearsed, {"id": "a", "when": "false"}, warned, later, proven))
    assert [(trial.rule, trial.note) for trial in decision.trials] == [
        ("rehearsed", "the source is down: refused"),
        ("a", ""),
        ("prohibited-app", "matches by the apps that were seen, but `proven` is stricter while the source is down"),
        ("later", "only watches: would have decided"),
        ("proven", "the source is down: refused"),
    ]  # fmt: skip
    assert len(decision.trials) == 5
    assert [(each.rule, each.note) for each in decision.would] == [
        ("rehearsed", "only watches: would have decided"),
        ("later", "only watches: would have decided"),
    ]
    (trial,) = decide(asks, policy_of(WARNED)).trials
    assert trial.note == "the source is down: refused"


_CONDITIONS = (
    '"prohibited" in device.lists', '!("prohibited" in device.lists)', '"wechat" in device.apps', '!("wechat" in device.apps)',
    'device.state == "clean"', 'device.state == "listed"', 'device.state != "clean"', 'device.state == "unavailable"',
    "device.managed", "!device.managed", "client.handheld", "true", "false",
)  # fmt: skip
_STAGED = (
    None,
    {"warn": "2026-12-01"},
    {"report_only": "2026-12-01"},
    {"enforce": "2026-12-01"},
    {"enforce": "2027-12-01"},
)


@st.composite
def _rules(draw: st.DrawFn, conditions: tuple[str, ...] = _CONDITIONS) -> list[dict[str, object]]:
    """Rules with everything that may soften what a rule does."""
    rules = []
    for number in range(draw(st.integers(1, 4))):
        rule: dict[str, object] = {
            "id": f"rule-{number}",
            "when": draw(st.sampled_from(conditions)),
            "effect": draw(st.sampled_from(["block", "challenge", "warn", "allow"])),
            "share": draw(st.sampled_from(["100%", "50%", "0%"])),
            "on_unavailable": draw(st.sampled_from(["block", "last_known", "allow"])),
        }
        if stages := draw(st.sampled_from(_STAGED)):
            rule["stages"] = stages
        if rule["effect"] in ("block", "challenge") and draw(st.booleans()):
            rule["grace"] = "30d"
        rules.append(rule)
    return rules


_RELIEFS = st.lists(
    st.builds(
        Relief,
        number=st.just(1),
        cause=st.sampled_from(Cause),
        rule=st.sampled_from(["", "rule-0", "rule-1"]),
        why=st.just("why"),
        author=st.just("grace"),
        at=st.just(NOW),
        device=st.sampled_from(["", "d1"]),
    ),
    max_size=1,
).map(lambda every: Reliefs(1, tuple(every)))
_AWAY = st.builds(
    Posture,
    state=st.just(PostureState.UNAVAILABLE),
    device_id=st.just("d1"),
    managed=st.booleans(),
    first_seen=st.sampled_from([None, NOW - timedelta(days=2)]),
    last_state=st.sampled_from([None, PostureState.CLEAN, PostureState.PARTIAL]),
    expires_at=st.sampled_from([NOW - timedelta(hours=1), NOW + timedelta(hours=1)]),
)


@settings(max_examples=500)
@given(_rules(), st.sampled_from(["block", "warn", "allow"]), _RELIEFS, _AWAY, st.sampled_from([1, 2]))
def test_a_seen_app_never_helps_a_phone_in_an_outage(
    rules: list[dict[str, object]], default: str, reliefs: Reliefs, unseen: Posture, apps: int
) -> None:
    """The law: whatever the rules say, a device on which apps were seen never gets a milder effect than the same
    device on which none was seen, for as long as its posture is unavailable."""
    policy = replace(policy_of(*rules, effect=default), reliefs=reliefs)
    listed = PostureState.LISTED if unseen.last_state is PostureState.CLEAN else unseen.last_state
    names, lists = ("tiktok", "wechat")[:apps], ("prohibited", "tencent")[:apps]
    seen = replace(unseen, apps=names, lists=lists, last_state=listed)
    with_apps, without = (decide(access(PHONE, each), policy).effect for each in (seen, unseen))
    assert with_apps.severity >= without.severity


@settings(max_examples=300)
@given(
    _rules(
        ('"prohibited" in device.lists', '"tencent" in device.lists', "device.managed", "client.handheld")
    ),
    st.sampled_from(["block", "warn", "allow"]),
    _AWAY,
)
def test_one_more_app_never_helps_a_phone_in_an_outage(
    rules: list[dict[str, object]], default: str, unseen: Posture
) -> None:
    """The law for more apps and fewer: conditions that hold for the apps still hold for more of them, and of the rules on
    apps the harder ones come first. (An earlier rule that does less decides first with the source there, too.)"""
    about_apps = [rule for rule in rules if "device.lists" in str(rule["when"])]
    hard = ["block", "challenge", "warn", "allow"]
    for rule in about_apps:
        for softening in ("stages", "grace", "share"):
            rule.pop(softening, None)
    effects = sorted((str(rule["effect"]) for rule in about_apps), key=hard.index)
    for rule, effect in zip(about_apps, effects, strict=True):
        rule["effect"] = effect if effect != "allow" else "warn"
    policy = policy_of(*rules, effect=default)
    listed = PostureState.LISTED if unseen.last_state is PostureState.CLEAN else unseen.last_state
    one = replace(unseen, apps=("tiktok",), lists=("prohibited",), last_state=listed)
    two = replace(one, apps=("tiktok", "wechat"), lists=("prohibited", "tencent"))
    fewer, more = (decide(access(PHONE, each), policy).effect for each in (one, two))
    assert more.severity >= fewer.severity


@pytest.mark.parametrize(
    ("rule", "last", "expected"),
    [
        ({"when": "!device.managed"}, PostureState.CLEAN, Effect.BLOCK),
        ({"when": 'device.state != "clean"'}, PostureState.PARTIAL, Effect.BLOCK),
        ({"when": 'device.state != "clean"'}, PostureState.CLEAN, Effect.ALLOW),
        ({"when": 'device.state != "clean"'}, None, Effect.ALLOW),
        ({"when": 'device.state == "clean"', "effect": "allow"}, PostureState.PARTIAL, Effect.BLOCK),
        ({"when": 'device.state == "clean"', "effect": "allow"}, PostureState.CLEAN, Effect.ALLOW),
        ({"when": 'device.state == "clean"', "effect": "allow"}, None, Effect.ALLOW),
        ({"when": 'device.state in ["stale", "unavailable"]'}, PostureState.CLEAN, Effect.BLOCK),
    ],
)
def test_allow_gives_the_benefit_of_the_doubt_and_not_more(
    rule: dict[str, str], last: PostureState | None, expected: Effect
) -> None:
    """Who is refused for what is known of the device gets no mail because its source is away, however long that is."""
    last_rule = {"effect": "block" if rule.get("effect") == "allow" else "allow"}
    policy = policy_of(rule | {"on_unavailable": "allow"}, last_rule)
    assert decide(access(PHONE, replace(ENDED, last_state=last)), policy).effect is expected


def test_an_error_blocks_and_is_not_raised() -> None:
    nonsense = replace(access(posture=WITH_TIKTOK), now=None)  # type: ignore[arg-type]
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
def test_discovery_is_answered_whoever_carries_the_mail(method: str, target: str) -> None:
    """The gate tells it itself (``gateway/directions.py``), so that it is no matter what login comes along."""
    facts = RequestFacts(method, target, headers={"authorization": "Basic YTpi", "cookie": "session=1"})
    asked = replace(access(PHONE, WITH_TIKTOK), facts=facts)
    for each in (asked, replace(asked, facts=replace(facts, by_forward_auth=True))):
        assert decide(each, policy_of({"when": "true", "effect": "block"})).rule == "discovery"


def test_an_allowed_person_gets_more_than_discovery() -> None:
    asked = replace(access(PHONE, WITH_TIKTOK), facts=RequestFacts("OPTIONS", "/Microsoft-Server-ActiveSync"))
    rehearsed = {"when": "true", "effect": "block", "stages": {"report_only": "2020-01-01"}}
    decision = decide(asked, policy_of(rehearsed, {"when": "true", "effect": "allow"}))
    assert (decision.rule, decision.would) == ("rule-1", ())
    lost = decide(replace(asked, posture=replace(WITH_TIKTOK, lost=True)), policy_of({"effect": "allow"}))
    assert (lost.effect, lost.rule) == (Effect.ALLOW, "discovery")
    assert [trial.rule for trial in lost.trials] == ["device-lost", "discovery"]
    assert (len(lost.trials), lost.policy_version) == (2, policy_of({"effect": "allow"}).version)


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
        (NEW, {"warn": "2026-12-01"}, Effect.WARN, None),
        (NEW, {"report_only": "2026-12-01", "enforce": "2026-12-20"}, Effect.ALLOW, None),
    ],
)
def test_a_new_device_is_warned_until_its_own_deadline(
    posture: Posture, stages: dict[str, str], effect: Effect, deadline: object
) -> None:
    rule = PROHIBITED | {"grace": "7d"} | ({"stages": stages} if stages else {})
    decision = decide(access(PHONE, posture), policy_of(rule, HANDHELD))
    assert (decision.effect, decision.deadline) == (effect, deadline)


def test_a_rule_that_only_warns_has_no_deadline() -> None:
    """A page would say that mail is paused from then on."""
    stages = {"warn": "2026-12-01", "enforce": "2026-12-20"}
    decision = decide(access(PHONE, NEW), policy_of(PROHIBITED | {"effect": "warn", "stages": stages}))
    assert (decision.effect, decision.deadline) == (Effect.WARN, None)


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
def test_a_rule_only_gets_stricter_for_a_device_with_time(
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


SALES = Groups.of_members({"sales": ["ada"]})


@pytest.mark.parametrize(
    ("rule", "posture", "told"),
    [
        ({}, CLEAN, (True, Stage.ENFORCE, Effect.BLOCK, "")),
        ({"when": "false"}, CLEAN, (False, Stage.ENFORCE, None, "")),
        (BROKEN, CLEAN, (True, Stage.ENFORCE, Effect.BLOCK, "failed: divide by zero")),
        ({"stages": {"warn": "2026-12-01"}}, CLEAN, (True, Stage.WARN, Effect.WARN, "only warns yet, later: block")),
        ({"stages": {"report_only": "2026-12-01"}}, CLEAN, (True, Stage.REPORT_ONLY, Effect.BLOCK, "only watches: would have decided")),
        ({"stages": {"enforce": "2026-12-20"}}, CLEAN, (False, Stage.PENDING, None, "starts 2026-12-20T00:00:00+00:00")),
        ({"grace": "7d"}, replace(CLEAN, first_seen=NOW), (True, Stage.ENFORCE, Effect.WARN, "new device until 2026-12-17T00:00:00+00:00, then: block")),
        ({"grace": "7d", "stages": {"warn": "2026-12-01"}}, replace(CLEAN, first_seen=NOW), (True, Stage.WARN, Effect.WARN, "only warns yet, later: block")),
        ({"grace": "7d", "stages": {"report_only": "2026-12-01"}}, replace(CLEAN, first_seen=NOW), (True, Stage.REPORT_ONLY, Effect.BLOCK, "only watches: would have decided")),
        ({"effect": "warn"}, replace(CLEAN, first_seen=NOW), (True, Stage.ENFORCE, Effect.WARN, "")),
        ({"share": "0%"}, CLEAN, (False, Stage.ENFORCE, None, "outside the share of 0%")),
        ({"share": "12.5%", "id": "rule-0"}, CLEAN, (False, Stage.ENFORCE, None, "outside the share of 12.5%")),
        ({"share": "100%"}, CLEAN, (True, Stage.ENFORCE, Effect.BLOCK, "")),
        ({"groups": ("sales",)}, CLEAN, (True, Stage.ENFORCE, Effect.BLOCK, "")),
        ({"groups": ("pilot", "board")}, CLEAN, (False, Stage.ENFORCE, None, "not in pilot, board")),
        ({"when": "device.known"}, UNAVAILABLE, (True, Stage.ENFORCE, Effect.BLOCK, "the source is down: refused")),
        ({"when": "device.known", "on_unavailable": "allow"}, UNAVAILABLE, (False, Stage.ENFORCE, None, "the source is down: passed over")),
        ({"when": "device.known", "on_unavailable": "allow", "effect": "allow"}, UNAVAILABLE, (True, Stage.ENFORCE, Effect.ALLOW, "the source is down: gets mail")),
    ],
)  # fmt: skip
def test_the_trial_of_a_rule_says_what_came_of_it_and_why(
    rule: dict[str, object], posture: Posture, told: tuple[bool, Stage, Effect | None, str]
) -> None:
    asks = replace(access(PHONE, posture), user=SALES.user("ada"))
    trial = decide(asks, policy_of(rule, HANDHELD)).trials[0]
    assert (trial.matched, trial.stage, trial.effect, trial.note) == told
    assert (trial.rule, trial.condition) == (rule.get("id", "rule-0"), rule.get("when", "true"))


def test_a_decision_made_before_the_rules_has_its_own_trial() -> None:
    policy = policy_of({"effect": "allow"})
    lost = decide(access(PHONE, replace(CLEAN, lost=True)), policy)
    assert [*lost.trials] == [
        RuleTrial(
            "device-lost", "", True, Stage.ENFORCE, Effect.BLOCK, "marked as lost: no rule gives it mail"
        )
    ]
    asked = replace(access(PHONE), facts=RequestFacts("OPTIONS", "/Microsoft-Server-ActiveSync"))
    told = decide(asked, policy_of({"when": "true"}))
    only_the_way = "only looks up the mail server, and gets nothing else"
    assert [*told.trials] == [
        RuleTrial("rule-0", "true", True, Stage.ENFORCE, Effect.BLOCK),
        RuleTrial("discovery", "", True, Stage.ENFORCE, Effect.ALLOW, only_the_way),
    ]
    assert (told.reason, told.reliefs) == (Reason.RULE_MATCHED, 0)
    policy = policy_of({"stages": STAGES})
    failed = RuleTrial("default", "", False, Stage.ENFORCE, Effect.BLOCK, "failed: TypeError")
    assert decide(replace(access(), now=None), policy) == Decision(  # type: ignore[arg-type]
        Effect.BLOCK, Reason.INTERNAL_ERROR, "default", policy.version, (failed,)
    )


def test_the_words_of_the_default_are_told() -> None:
    notice = {"fix": "ask", "contact": "it-help@example.com"}
    policy = policy_of({"when": "false"}, title="Nobody else", notice=notice)
    decision = decide(access(), replace(policy, reliefs=Reliefs(7)))
    assert (decision.title, decision.fix, decision.contact) == ("Nobody else", "ask", "it-help@example.com")
    assert (decision.reliefs, [each.rule for each in decision.trials]) == (7, ["rule-0"])
    policy = policy_of({"when": "false"})
    bare = decide(access(), policy)
    assert bare == Decision(Effect.BLOCK, Reason.NO_RULE_MATCHED, "default", policy.version, bare.trials)


@pytest.mark.parametrize(
    ("asks", "subject"),
    [
        (access(PHONE, replace(CLEAN, owner="bob", device_id="d1"), "ada"), "ada"),
        (access(PHONE, replace(CLEAN, owner="bob", device_id="d1")), "bob"),
        (access(PHONE, replace(CLEAN, device_id="d1")), "d1"),
        (access(replace(PHONE, eas_id="made-up")), ""),
    ],
)
def test_a_share_counts_people_and_a_device_only_where_nobody_is_named(asks: Access, subject: str) -> None:
    assert share_subject(asks) == subject


@pytest.mark.parametrize(("name", "in_the_share"), [("person-0", True), ("person-1", False), ("", False)])
@pytest.mark.parametrize(("groups", "in_the_group"), [(("pilot",), True), (("sales",), False), (None, False)])
def test_a_rule_is_surely_about_whom_its_share_and_its_groups_surely_have(
    name: str, in_the_share: bool, groups: tuple[str, ...] | None, in_the_group: bool
) -> None:
    asks = replace(access(), user=User(name, groups or (), groups_known=groups is not None))
    share, of_group = {"share": "50%"}, {"groups": ("pilot",)}
    for rule, is_sure in (
        (share, in_the_share),
        (of_group, in_the_group),
        (share | of_group, in_the_share and in_the_group),
    ):
        assert is_about(policy_of(rule).rules[0], asks) is is_sure


@pytest.mark.parametrize(
    ("stage", "is_new", "effect"),
    [
        (Stage.ENFORCE, False, Effect.BLOCK),
        (Stage.ENFORCE, True, Effect.WARN),
        (Stage.WARN, False, Effect.WARN),
        (Stage.WARN, True, Effect.WARN),
    ],
)
def test_the_effect_follows_stage_and_grace(stage: Stage, is_new: bool, effect: Effect) -> None:
    (rule,) = policy_of({"grace": "7d"}).rules
    first_seen = NOW - timedelta(days=6 if is_new else 7)
    assert effect_now(rule, stage, access(PHONE, replace(CLEAN, first_seen=first_seen))) is effect


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"when": '"tiktok" in device.apps'}, Reason.PROHIBITED_APP),
        ({"when": '"prohibited" in device.lists'}, Reason.PROHIBITED_APP),
        ({"when": 'client.handheld && "tiktok" in device.apps'}, Reason.PROHIBITED_APP),
        ({"when": '"tiktok" in device.apps && "prohibited" in device.lists'}, Reason.PROHIBITED_APP),
        ({"when": '"prohibited" in device.lists', "on_unavailable": "allow"}, Reason.PROHIBITED_APP),
        ({"when": '"wechat" in device.apps'}, Reason.POSTURE_UNAVAILABLE),
        ({"when": "device.known"}, Reason.POSTURE_UNAVAILABLE),
        ({"when": '"tiktok" in device.apps && device.managed'}, Reason.POSTURE_UNAVAILABLE),
        ({"when": '"tiktok" in device.apps && 1 / 0 == 1'}, Reason.POSTURE_UNAVAILABLE),
        ({"when": '"tiktok" in device.apps', "effect": "allow"}, Reason.POSTURE_UNAVAILABLE),
        ({"when": '!("tiktok" in device.apps)', "effect": "allow"}, Reason.POSTURE_UNAVAILABLE),
    ],
)  # fmt: skip
def test_a_seen_app_restricts_in_an_outage_and_grants_nothing(rule: dict[str, str], reason: Reason) -> None:
    seen = replace(UNAVAILABLE, apps=("tiktok",), lists=("prohibited",))
    decision = decide(access(PHONE, seen), policy_of(rule, HANDHELD))
    assert (decision.effect, decision.reason, decision.rule) == (Effect.BLOCK, reason, "rule-0")
    assert decision.apps == (("TikTok",) if reason is Reason.PROHIBITED_APP else ())


def test_an_unseen_app_does_not_count_as_absent() -> None:
    without = {"when": '!("tiktok" in device.apps)', "on_unavailable": "allow"}
    assert outcome(policy_of(without, HANDHELD), access(PHONE, UNAVAILABLE))[0] is Effect.ALLOW
    decision = decide(access(PHONE, UNAVAILABLE), policy_of(without | {"on_unavailable": "block"}, HANDHELD))
    assert (decision.effect, decision.reason) == (Effect.BLOCK, Reason.POSTURE_UNAVAILABLE)


WHY = "let in, since 2026-12-10 00:00 UTC: why"
SOFTER = "it is off for a time, but decides here because `{}` after it would be stricter"


def relieved(*rules: dict[str, object], out: str = "", **default: str) -> Policy:
    """A policy of which these rules are out for everybody."""
    every = [Relief(n, Cause.EXEMPTION, rule, "why", "ada", NOW) for n, rule in enumerate(out.split(), 1)]
    return replace(policy_of(*rules, **default), reliefs=Reliefs(3, tuple(every)))


OUT = {"id": "out", "title": "Out"}
OUT_WARNS = OUT | {"effect": "warn"}
OUT_CHALLENGES = {"id": "too", "effect": "challenge"}
LET_IN, SHUT = {"id": "rest", "effect": "allow"}, {"id": "rest"}
WARNS = {"id": "rest", "effect": "warn"}


@pytest.mark.parametrize(
    ("policy", "effect", "rule", "would", "trials"),
    [
        (relieved(OUT, LET_IN, out="out"), Effect.ALLOW, "rest", ["out"], [("out", Stage.REPORT_ONLY, f"{WHY}: would have decided"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT, LET_IN), Effect.BLOCK, "out", [], [("out", Stage.ENFORCE, "")]),
        (relieved(OUT, LET_IN, out="rest"), Effect.BLOCK, "out", [], [("out", Stage.ENFORCE, "")]),
        (relieved(OUT, LET_IN, out="rest out"), Effect.ALLOW, "rest", ["out"], [("out", Stage.REPORT_ONLY, f"{WHY}: would have decided"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT, WARNS, out="out"), Effect.WARN, "rest", ["out"], [("out", Stage.REPORT_ONLY, f"{WHY}: would have decided"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT, SHUT, out="out"), Effect.BLOCK, "rest", ["out"], [("out", Stage.REPORT_ONLY, f"{WHY}: would have decided"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT, out="out"), Effect.BLOCK, "default", ["out"], [("out", Stage.REPORT_ONLY, f"{WHY}: would have decided")]),
        (relieved(OUT_WARNS, SHUT, out="out"), Effect.WARN, "out", [], [("out", Stage.ENFORCE, SOFTER.format("rest")), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT_WARNS, out="out"), Effect.WARN, "out", [], [("out", Stage.ENFORCE, SOFTER.format("default"))]),
        (relieved(OUT_WARNS, WARNS, out="out rest"), Effect.WARN, "out", ["rest"], [("out", Stage.ENFORCE, SOFTER.format("default")), ("rest", Stage.REPORT_ONLY, f"{WHY}: would have decided")]),
        (relieved(OUT | {"share": "0%"}, LET_IN, out="out"), Effect.ALLOW, "rest", [], [("out", Stage.ENFORCE, "outside the share of 0%"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT | {"stages": {"warn": "2026-12-01"}}, SHUT, out="out"), Effect.WARN, "out", [], [("out", Stage.WARN, SOFTER.format("rest")), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT_CHALLENGES, OUT_WARNS, SHUT, out="out too"), Effect.WARN, "out", ["too"], [("too", Stage.REPORT_ONLY, f"{WHY}: would have decided"), ("out", Stage.ENFORCE, SOFTER.format("rest")), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT_CHALLENGES, OUT, SHUT, out="out too"), Effect.CHALLENGE, "too", ["out"], [("too", Stage.ENFORCE, SOFTER.format("rest")), ("out", Stage.REPORT_ONLY, f"{WHY}: would have decided"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT | {"when": "false"}, LET_IN, out="out"), Effect.ALLOW, "rest", [], [("out", Stage.REPORT_ONLY, ""), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT | {"when": "1 / 0 == 1"}, LET_IN, out="out"), Effect.ALLOW, "rest", ["out"], [("out", Stage.REPORT_ONLY, "failed: divide by zero"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT | {"stages": {"report_only": "2026-12-01"}}, LET_IN, out="out"), Effect.ALLOW, "rest", ["out"], [("out", Stage.REPORT_ONLY, "only watches: would have decided"), ("rest", Stage.ENFORCE, "")]),
        (relieved(OUT_WARNS | {"stages": {"report_only": "2026-12-01"}}, SHUT, out="out"), Effect.BLOCK, "rest", ["out"], [("out", Stage.REPORT_ONLY, "only watches: would have decided"), ("rest", Stage.ENFORCE, "")]),
    ],
)  # fmt: skip
def test_a_rule_that_is_out_is_told_and_makes_nothing_harder(
    policy: Policy, effect: Effect, rule: str, would: list[str], trials: list[tuple[str, Stage, str]]
) -> None:
    decision = decide(access(user="ada"), policy)
    assert (decision.effect, decision.rule) == (effect, rule)
    assert [each.rule for each in decision.would] == would
    assert [(each.rule, each.stage, each.note) for each in decision.trials] == trials
    assert (decision.title, decision.reliefs) == ("Out" if rule == "out" else "", 3)


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
def test_a_rule_in_stages_only_gets_stricter_for_the_same_access(
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
@given(policies | policies_on_people, accesses)
def test_unknown_groups_get_the_stricter_answer(policy: Policy, asks: Access) -> None:
    policy = replace(policy, reliefs=NO_RELIEFS)
    asks = replace(asks, posture=replace(asks.posture, owner="", device_id=""), claims=())
    if "user.name" in policy.reads:
        return
    unknown = severity(policy, replace(asks, user=User()))
    for groups in ((), ("sales",), ("staff",), ("sales", "staff")):
        for name in ("ann", "bob", "carol", "dan", "eve"):
            assert unknown >= severity(policy, replace(asks, user=User(name, groups, groups_known=True)))


@settings(max_examples=300)
@given(policies_on_people, accesses, st.sampled_from(["ann", "bob"]))
def test_another_spelling_of_a_login_makes_no_answer_milder(policy: Policy, asks: Access, name: str) -> None:
    """Whatever the conditions, shares and groups are: a mail server takes them for one login."""
    policy = replace(policy, reliefs=NO_RELIEFS)
    plain = replace(asks, user=replace(asks.user, name=name), claims=())
    for login in (f"corp\\{name}", f"{name}@example.com", f"corp\\{name}@example.com", f"({name})"):
        for user in (User(login), User(login, plain.user.groups, plain.user.groups_known)):
            assert severity(policy, replace(plain, user=user)) >= severity(policy, plain), login


@pytest.mark.parametrize(
    ("when", "login", "answers"),
    [
        # a rule that blocks, and one that allows before a block
        ('user.name == "ada"', "ada", ("block", "allow")),
        ('user.name == "ada"', "corp\\ada", ("block", "block")),
        ('user.name == "ada"', "ada@corp.example", ("block", "block")),
        ('user.name == "ada"', "(ada)", ("block", "block")),
        ('user.name == "ada"', "lin@corp.example", ("allow", "block")),
        ('user.name in ["ada@corp.example"]', "ada", ("block", "block")),
        ('user.name in ["ada@corp.example"]', "ada@corp.example", ("block", "allow")),
        ('user.name != "ada"', "corp\\ada", ("block", "block")),
        ('!(user.name in ["ada@corp.example"])', "ada@corp.example", ("allow", "block")),
        ('!user.name.endsWith("@corp.example")', "ada@corp.example", ("allow", "block")),
        ('user.name.startsWith("ext-")', "corp\\ext-ada", ("block", "block")),
        (r'user.name.matches("^ext-\\d+$")', "corp\\ext-7", ("block", "block")),
        (r'user.name.matches("^ada\\@corp[.]example$")', "ada@corp.example", ("block", "allow")),
        (r'user.name.matches("^corp\\\\ada$")', "corp\\ada", ("block", "allow")),
        (
            'user.name == "lin@corp.example" || user.name.startsWith("ext-")',
            "corp\\ext-ada",
            ("block", "block"),
        ),
        ('user.name == ""', "", ("block", "allow")),
        ('"pilot" in user.groups', "corp\\ada", ("block", "block")),
        ('!("pilot" in user.groups)', "corp\\ada", ("block", "block")),
        ('client.kind == "laptop" && "pilot" in user.groups', "corp\\ada", ("allow", "block")),
    ],
)
def test_a_condition_on_a_person_holds_in_every_reading_of_the_login(
    when: str, login: str, answers: tuple[str, str]
) -> None:
    asks = replace(access(PHONE), user=User(login))
    got = [
        decide(asks, policy_of({"when": when, "effect": effect}, {"effect": other})).effect
        for effect, other in (("block", "allow"), ("allow", "block"))
    ]
    assert tuple(map(str, got)) == answers


def test_a_rule_that_may_be_about_somebody_else_ends_nothing() -> None:
    warned = {"id": "maybe", "when": 'user.name == "ada"', "effect": "warn"}
    policy = policy_of(warned, {"id": "all", "effect": "block"})
    answers = [outcome(policy, replace(access(PHONE), user=User(name)))[2] for name in ("ada", "corp\\ada")]
    assert answers == ["maybe", "all"]
    decision = decide(replace(access(PHONE), user=User("corp\\ada")), policy_of(warned, LET_IN))
    assert (decision.rule, decision.trials[0].note.startswith("the rule may mean this person")) == (
        "maybe",
        True,
    )


@pytest.mark.parametrize(
    ("when", "note"), [('user.name != "ada"', "the rule may mean this person"), ('user.name == "ada"', "")]
)
def test_a_trial_says_whether_only_the_spelling_of_a_login_differed(when: str, note: str) -> None:
    asks = replace(access(PHONE), user=User("corp\\ada"))
    decision = decide(asks, policy_of({"when": when, "effect": "allow"}, {"effect": "block"}))
    (tried, _) = decision.trials
    assert (decision.effect, tried.effect, tried.matched) == (Effect.BLOCK, None, False)
    assert tried.note[: len("the rule may mean this person")] == note


def test_a_rule_that_may_be_about_somebody_else_restricts_more_than_the_default() -> None:
    warned = {"id": "maybe", "when": 'user.name == "ada"', "effect": "warn"}
    policy = policy_of(warned, effect="allow")
    answers = [outcome(policy, replace(access(PHONE), user=User(name)))[2] for name in ("corp\\ada", "lin")]
    assert answers == ["maybe", "default"]


@pytest.mark.parametrize("effect", ["block", "allow"])
def test_another_spelling_widens_nothing_while_the_posture_is_unavailable(effect: str) -> None:
    rule = {"when": 'user.name != "lin" && device.managed', "effect": effect}
    unavailable = Posture(PostureState.UNAVAILABLE)
    asks = replace(access(PHONE, unavailable), user=User("corp\\lin"))
    choice = "allow" if effect == "allow" else "block"
    decision = decide(
        asks, policy_of(rule | {"id": "first", "on_unavailable": choice}, {"id": "all", "effect": "block"})
    )
    assert (decision.effect, decision.rule) == (Effect.BLOCK, "first" if effect == "block" else "all")


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


class ReadsAll(RuleIndex):
    """An index that leaves no rule out."""

    def to_read(self, access: Access) -> int:
        return self._every


def without_index(policy: Policy) -> Policy:
    copied = replace(policy)
    vars(copied)["index"] = ReadsAll(
        [Indexed(rule.when, rule.groups, rule.restricts) for rule in policy.rules]
    )
    return copied


@settings(max_examples=400)
@given(policies, st.lists(accesses, min_size=1, max_size=8), st.sampled_from(["", "", "\ud800", "\0x"]))
def test_rules_that_are_left_out_change_nothing(policy: Policy, people: list[Access], odd: str) -> None:
    """Neither the answer nor any trial, also where a condition fails on a text or is undetermined."""
    reading_all = without_index(policy)
    for asks in people:
        asks = replace(asks, user=replace(asks.user, name=asks.user.name + odd))
        assert decide(asks, policy) == decide(asks, reading_all)


@pytest.mark.parametrize(
    "rule",
    [
        {"when": 'client.kind == "laptop" && user.name.startsWith("a")'},
        {"when": 'user.name.startsWith("a") && client.kind == "laptop"'},
        {"when": "!client.handheld && client.probed"},
        {"when": 'request.protocol in ["imap", "pop3"]'},
        {"when": '"tiktok" in device.apps && user.name != "ann"'},
        {"when": 'client.handheld && user.name == "bob"'},
        {"when": 'client.handheld && "sales" in user.groups'},
        {"when": "client.handheld", "groups": ("sales",)},
    ],
)
def test_a_thousand_rules_about_others_cost_no_evaluation(
    rule: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, evaluated = policy_of(*[rule] * 1000, HANDHELD), []
    asks = replace(access(), user=User("ann", ("staff",), groups_known=True))
    expected = decide(asks, without_index(policy))
    holds = Condition.holds
    assert policy.index.to_read(asks)
    monkeypatch.setattr(
        Condition, "holds", lambda self, values: evaluated.append(self.text) or holds(self, values)
    )
    decision = decide(asks, policy)
    assert evaluated == [HANDHELD["when"]]
    assert decision == expected
    assert len(decision.trials) == 1001


def test_of_two_rules_that_do_the_same_the_one_is_named_that_is_surely_about_the_person() -> None:
    maybe, sure = (
        {"id": "maybe", "groups": ("pilot",), "effect": "challenge"},
        {"id": "sure", "effect": "challenge"},
    )
    assert decide(access(user=""), policy_of(maybe, sure)).rule == "sure"
    assert decide(access(user=""), policy_of(maybe, LET_IN)).rule == "maybe"


def test_unknown_groups_are_told_every_rule_that_was_read() -> None:
    """The decision by the rule that may be about them rests on those behind it as well."""
    policy = policy_of(
        {"id": "maybe", "groups": ("pilot",), "effect": "challenge"}, {"id": "next", "when": "false"}, LET_IN
    )
    decision = decide(access(user="ada"), policy)
    assert (decision.effect, decision.rule) == (Effect.CHALLENGE, "maybe")
    assert [each.rule for each in decision.trials] == ["maybe", "next", "rest"]
    harder = decide(
        access(user="ada"), policy_of({"id": "maybe", "groups": ("pilot",), "effect": "challenge"}, SHUT)
    )
    assert (harder.rule, [each.rule for each in harder.trials]) == ("rest", ["maybe", "rest"])
