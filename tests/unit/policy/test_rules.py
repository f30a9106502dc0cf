from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.policy.examples import CATALOG, NOW, policy_of, refusal

from mailgate.gateway.pages.steps import FIXES as FIXES_OF_PAGES
from mailgate.model import Effect, Reason, Stage
from mailgate.model.apps import AppCatalog
from mailgate.policy.rules import (
    FIXES,
    RESERVED,
    OnUnavailable,
    PolicyFile,
    Rule,
    RuleNotice,
    policy_context,
    repeated_ids,
)
from mailgate.policy.written import localized_schema

RULE = {"id": "a", "when": "true", "effect": "block"}


def read(**rule: Any) -> Any:
    return PolicyFile.model_validate({"rules": (RULE | rule,)}, context=policy_context(CATALOG)).rules[0]


def test_fields_left_out_have_their_defaults() -> None:
    rule = read()
    assert (rule.stages, rule.share, rule.on_unavailable, rule.reason) == (
        None,
        1,
        OnUnavailable.LAST_KNOWN,
        None,
    )
    assert (rule.title, rule.notice.fix, rule.notice.contact) == (None, None, None)

    assert (rule.groups, rule.grace, rule.halt_when, rule.self_service) == ((), None, None, None)


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "Not-Kebab"},
        {"id": ""},
        {"id": "a--b"},
        {"effect": "deny"},
        {"on_unavailable": "shrug"},
        {"title": ""},
        {"notice": {"fix": 5}},
        {"notice": {"fix": {"de": 5}}},
        {"notice": {"phone": "1"}},
        {"comment": "x"},
        {"grace": "soon"},
        {"groups": "pilot"},
        {"self_service": True},
        {"self_service": {"hours": 0}},
        {"self_service": {"hours": 169}},
        {"self_service": {"reason": "maybe"}},
    ],
)
def test_a_malformed_rule_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(**bad)


REASONS = [
    "rule-matched", "no-rule-matched", "prohibited-app", "posture-missing", "posture-stale", "posture-partial",
    "posture-unavailable", "device-noncompliant", "compliance-unknown", "kind-contradicted", "kind-unknown", "kind-refused", "update-required",
    "version-unknown", "extension-required", "attestation-required", "attestation-invalid", "device-contradicted",
]  # fmt: skip
SENTENCE = "a sentence of your own"
ONCE_PER = "use whole hours, more than `hours` and 90d at most"
KEEPS_NOBODY_OUT = "the rule refuses nobody; use it only with `block` or `challenge`"


@pytest.mark.parametrize(
    ("bad", "kind", "said"),
    [
        ({"when": True}, "string_type", {"words": "not a text; write a CEL expression, in quotes if need be"}),
        ({"reason": "token-expired"}, "word", {"word": "token-expired", "known": REASONS}),
        ({"reason": 5}, "word", {"word": "5", "known": REASONS}),
        ({"notice": {"fix": "remove-ap"}}, "word", {"word": "remove-ap", "known": [*FIXES, SENTENCE]}),
        ({"notice": {"fix": " "}}, "word", {"word": " ", "known": [*FIXES, SENTENCE]}),
        ({"notice": {"fix": {"de": "wait"}}}, "word", {"word": "wait", "known": [SENTENCE]}),
        ({"notice": {"fix": {"en": "Ask us", "de": "x"}}}, "word", {"word": "x", "known": [SENTENCE]}),
        ({"groups": ("staff",)}, "word", {"word": "staff", "known": ["board", "pilot"]}),
        ({"effect": "allow", "grace": "7d"}, "effect", {"words": KEEPS_NOBODY_OUT, "key": "grace"}),
        ({"effect": "warn", "grace": "7d"}, "effect", {"words": KEEPS_NOBODY_OUT, "key": "grace"}),
        ({"effect": "warn", "halt_when": {"help_requests": 5}}, "effect", {"words": KEEPS_NOBODY_OUT, "key": "halt_when"}),
        ({"effect": "warn", "self_service": {}}, "effect", {"words": KEEPS_NOBODY_OUT, "key": "self_service"}),
        ({"self_service": {"hours": 48, "once_per": "2d"}}, "self_service", {"words": ONCE_PER, "key": "once_per"}),
        ({"self_service": {"once_per": "1501m"}}, "self_service", {"words": ONCE_PER, "key": "once_per"}),
        ({"self_service": {"once_per": "91d"}}, "self_service", {"words": ONCE_PER, "key": "once_per"}),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rule_is_told_with_what_to_enter(bad: dict[str, Any], kind: str, said: object) -> None:
    assert refusal(Rule, RULE | bad, policy_context(CATALOG, ["pilot", "board"])) == (kind, said)


def test_faults_of_a_condition_are_told_with_their_places() -> None:
    kind, said = refusal(Rule, RULE | {"when": '"pro" in device.lists'}, policy_context(CATALOG))
    [fault] = said["faults"]
    assert (kind, said["text"], fault.column) == ("condition", fault.message, 1)
    assert fault.message == '`device.lists` is never "pro"; use one of `prohibited`, `tencent`'


def test_no_rule_lets_in_for_a_version_that_is_not_known() -> None:
    older = '!client.browser_version.at_least("142")'
    kind, said = refusal(Rule, RULE | {"when": older, "effect": "allow"})
    assert (kind, said["key"]) == ("condition", "when")
    assert said["words"].endswith('use `client.browser_version.at_least("0") && …`')
    assert read(when=older, effect="block").restricts
    assert read(when=f'client.browser_version.at_least("0") && {older}', effect="allow")


@pytest.mark.parametrize("reason", REASONS)
def test_the_reasons_that_a_rule_may_give_by_itself(reason: str) -> None:
    assert read(reason=reason).reason is Reason(reason)
    assert policy_of({}, reason=reason).default.reason is Reason(reason)


@pytest.mark.parametrize(
    ("effect", "restricts", "keeps_out"),
    [("allow", False, False), ("warn", True, False), ("challenge", True, True), ("block", True, True)],
)
def test_an_effect_tells_whether_it_restricts_and_refuses(
    effect: str, restricts: bool, keeps_out: bool
) -> None:
    rule = read(effect=effect)
    assert (rule.restricts, rule.keeps_out) == (restricts, keeps_out)


def test_a_rule_without_stages_is_enforced_at_once() -> None:
    assert read().stage_at(NOW) is Stage.ENFORCE
    assert read(stages={"warn": "2026-12-01"}).stage_at(NOW) is Stage.WARN


def test_a_policy_has_a_rule() -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        PolicyFile.model_validate({"rules": ()})


def test_editors_know_conditions_reasons_and_fixes() -> None:
    fields = Rule.model_json_schema()["properties"]
    assert fields["when"] == {"title": "When", "type": "string", "minLength": 1, "maxLength": 4096}
    assert fields["reason"]["anyOf"][0] == {"type": "string", "enum": REASONS}
    own = {"type": "string", "pattern": r"\S\s+\S|[^\x00-\x7F\s]", "maxLength": 200}
    word, sentence, in_languages, nothing = RuleNotice.model_json_schema()["properties"]["fix"]["anyOf"]
    assert (word, sentence, nothing) == ({"enum": list(FIXES)}, own, {"type": "null"})
    assert in_languages == localized_schema(own)


@pytest.mark.parametrize("fix", [*FIXES, "Call us at the front desk.", "请到三楼。", "Call\tus"])
def test_every_known_fix_and_every_sentence_is_taken(fix: str) -> None:
    assert read(notice={"fix": fix}).notice.fix == fix


def test_the_fixes_are_those_that_pages_have_steps_for() -> None:
    assert set(FIXES) == set(FIXES_OF_PAGES)


def test_without_a_default_a_request_is_blocked() -> None:
    default = policy_of({}).default
    assert (default.effect, default.reason) == (Effect.BLOCK, Reason.NO_RULE_MATCHED)


def test_the_version_is_that_of_what_the_rules_say() -> None:
    one = policy_of({"when": "true"}, {"when": "false"})
    assert one.version == policy_of({"when": "true"}, {"when": "false"}).version
    others = [
        policy_of({"when": "false"}, {"when": "true"}),
        policy_of({"when": "true"}, {"when": "false", "share": "50%"}),
        policy_of({"when": "true"}, {"when": "false"}, effect="warn"),
    ]
    assert len({one.version, *(other.version for other in others)}) == 4
    assert len(one.version) == 12


def test_repeated_ids_are_found_in_whatever_stands_there() -> None:
    rules = ({"id": "a"}, {"id": "b"}, {"id": "a"}, {"id": "default"}, {}, 5, {"id": 5})
    assert repeated_ids(rules) == [(2, "a"), (3, "default")]
    assert repeated_ids("nonsense") == []
    reserved = [{"id": each} for each in RESERVED]
    assert repeated_ids(tuple(reserved)) == [(0, "default"), (1, "discovery"), (2, "device-lost")]


def test_the_context_has_the_names_that_are_known() -> None:
    assert policy_context(None) == {"closed": {}, "groups": None}
    catalog = {"device.apps": ("tiktok", "wechat"), "device.lists": ("prohibited", "tencent")}
    assert policy_context(CATALOG, ["it"]) == {"closed": catalog | {"user.groups": ("it",)}, "groups": ["it"]}
    assert policy_context(None, []) == {"closed": {"user.groups": ()}, "groups": []}


def test_requests_are_counted_only_where_a_rule_halts_at_a_share_of_them() -> None:
    of_people, of_requests = ({"halt_when": {"block_rate": "5%", "of": of}} for of in ("people", "requests"))
    assert [policy_of({}, each).counts_requests for each in ({}, of_people, of_requests)] == [
        False,
        False,
        True,
    ]


def test_a_policy_reads_what_its_rules_read() -> None:
    policy = policy_of({"when": "client.handheld"}, {"when": 'user.name == "ada" || client.handheld'}, {})
    assert policy.reads == {"client.handheld", "user.name"}


def test_every_field_of_a_rule_that_is_not_its_default_changes_the_version() -> None:
    assert policy_of({"share": "100%"}).version == policy_of({}).version
    assert policy_of({"groups": ("pilot",)}).version != policy_of({}).version
    assert policy_of({"self_service": {}}).version != policy_of({}).version
    assert policy_of({"grace": "7d"}).version != policy_of({"grace": "8d"}).version
    assert policy_of({"halt_when": {"help_requests": 5}}).version != policy_of({}).version


def test_lists_in_another_order_are_the_same_version_and_other_apps_are_another() -> None:
    one, turned, fewer, other = (
        replace(policy_of({}), catalog=catalog)
        for catalog in (
            replace(CATALOG, lists={"all": ("tiktok", "wechat")}),
            replace(CATALOG, lists={"all": ("wechat", "tiktok")}),
            replace(CATALOG, lists={"all": ("tiktok",)}),
            AppCatalog({"tiktok": CATALOG.apps["tiktok"]}, {"all": ("tiktok", "wechat")}),
        )
    )
    assert one.version == turned.version
    assert len({one.version, fewer.version, other.version}) == 3


def test_a_rule_says_on_which_terms_people_let_themselves_in() -> None:
    plain, other = (
        policy_of({"self_service": each}).let_ins["rule-0"]
        for each in ({}, {"hours": 4, "once_per": "7d", "reason": "none"})
    )
    assert plain == (timedelta(hours=24), timedelta(days=30), "required")
    assert other == (timedelta(hours=4), timedelta(days=7), "none")
    assert policy_of({}).let_ins == {}


def test_a_rule_is_called_by_its_title_or_else_its_id() -> None:
    policy = policy_of({"id": "phones", "title": "No phones"}, {"id": "rest"})
    assert [policy.title_of(each) for each in ("phones", "rest", "gone", "")] == [
        "No phones", "rest", "gone", ""
    ]  # fmt: skip
