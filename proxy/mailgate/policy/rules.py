"""The form of ``policy.yaml``, and the compiled policy."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from mailgate.model import Effect, LetIn, Reason, Stage
from mailgate.model.apps import AppCatalog
from mailgate.model.phrase import phrase, unknown_word, wrong_value
from mailgate.policy.condition import MAX_LENGTH, Condition, ConditionError, compile_condition
from mailgate.policy.halting import HaltWhen
from mailgate.policy.reliefs import MAX_ONCE_PER, NO_RELIEFS, Reliefs
from mailgate.policy.rule_index import Indexed, RuleIndex
from mailgate.policy.stages import Stages
from mailgate.policy.written import (
    Duration,
    Key,
    LocalizedField,
    Share,
    Strict,
    Text,
    in_words,
    localized_schema,
)

DEFAULT_RULE = "default"
DISCOVERY_RULE = "discovery"
LOST_RULE = "device-lost"
RESERVED = {
    DEFAULT_RULE: phrase("is the name for requests that no rule matches"),
    DISCOVERY_RULE: phrase("is the name for requests that look up the mail server"),
    LOST_RULE: phrase("is the name for refusing a lost device"),
}
"""Ids that no rule may have, with the reason: they belong to decisions that no rule made."""

RULE_REASONS = (
    Reason.RULE_MATCHED,
    Reason.NO_RULE_MATCHED,
    Reason.PROHIBITED_APP,
    Reason.POSTURE_MISSING,
    Reason.POSTURE_STALE,
    Reason.POSTURE_PARTIAL,
    Reason.POSTURE_UNAVAILABLE,
    Reason.DEVICE_NONCOMPLIANT,
    Reason.COMPLIANCE_UNKNOWN,
    Reason.KIND_CONTRADICTED,
    Reason.KIND_UNKNOWN,
    Reason.KIND_REFUSED,
    Reason.UPDATE_REQUIRED,
    Reason.VERSION_UNKNOWN,
    Reason.EXTENSION_REQUIRED,
    Reason.ATTESTATION_REQUIRED,
    Reason.ATTESTATION_INVALID,
    Reason.DEVICE_CONTRADICTED,
)
"""The reasons that a rule may give by itself."""


class OnUnavailable(StrEnum):
    """The effect of a rule that reads ``device.*`` while the posture is unavailable."""

    BLOCK = "block"
    LAST_KNOWN = "last_known"
    ALLOW = "allow"


def _condition(text: object, info: ValidationInfo) -> Condition:
    if not isinstance(text, str):
        raise wrong_value("string_type", phrase("not a text; write a CEL expression, in quotes if need be"))
    try:
        return compile_condition(text, (info.context or {}).get("closed", {}))
    except ConditionError as error:
        raise PydanticCustomError(
            "condition", "{text}", {"text": str(error), "faults": error.faults}
        ) from error


def _reason(word: object) -> Reason:
    if word not in RULE_REASONS:
        raise unknown_word(word, RULE_REASONS)
    return Reason(str(word))


When = Annotated[
    Condition,
    PlainValidator(_condition),
    PlainSerializer(lambda condition: condition.text),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_LENGTH}),
]
RuleReason = Annotated[
    Reason,
    Field(strict=False),
    BeforeValidator(_reason),
    WithJsonSchema({"type": "string", "enum": [r.value for r in RULE_REASONS]}),
]

FIXES = (
    "remove-app",
    "set-up-device",
    "get-extension",
    "update",
    "report-again",
    "another-way",
    "meet-requirements",
    "wait",
    "use-mobile-site",
    "use-known-browser",
    "use-other-device",
    "ask",
)
"""The fixes that pages have steps for, in every language and for each operating system."""

_SENTENCE = r"\S\s+\S|[^\x00-\x7F\s]"
"""Several words, or one of a language that puts no spaces between them."""


def _fix(word: object) -> object:
    """Check a fix: one of the fixes, or a sentence of the rule's own, in one or more languages."""
    for each in word.values() if isinstance(word, Mapping) else ():
        if isinstance(each, str) and not re.search(
            _SENTENCE, each
        ):  # the words for steps are the same in all languages
            raise unknown_word(each, ["a sentence of your own"])
    if isinstance(word, str) and word not in FIXES and not re.search(_SENTENCE, word):
        raise unknown_word(word, [*FIXES, "a sentence of your own"])
    return word


_OWN: dict[str, object] = {"type": "string", "pattern": _SENTENCE, "maxLength": 200}
Fix = Annotated[
    LocalizedField,
    BeforeValidator(_fix),
    WithJsonSchema({"anyOf": [{"enum": list(FIXES)}, _OWN, localized_schema(_OWN)]}),
]


def _group(word: object, info: ValidationInfo) -> object:
    known = (info.context or {}).get("groups")
    if known is not None and word not in known:
        raise unknown_word(word, sorted(known))
    return word


Group = Annotated[Text, BeforeValidator(_group, json_schema_input_type=str)]


class NoticeTexts(Strict):
    """The texts that the person gets besides the reason."""

    fix: Fix | None = None
    """The fix that ends it: one that pages have steps for, or a sentence. If left out: the fix that fits the reason."""
    contact: LocalizedField | None = None
    """The person or office to ask."""


class RuleNotice(NoticeTexts):
    """What people are told of a rule, and when by mail."""

    send: Literal["on_dates"] | None = None
    """Starts the notices of the rule when it comes in force and when its stages begin; if left out, a person starts them."""


class SelfServiceTerms(Strict):
    """How people whom the rule alone refuses may let themselves in."""

    hours: int = Field(default=24, ge=1, le=168)
    once_per: Duration = timedelta(days=30)
    """How long after one time they may do it again: each person, on all of their devices together."""
    reason: Literal["required", "optional", "none"] = "required"

    @model_validator(mode="after")
    def _ends_before_it_is_given_again(self) -> Self:
        whole = self.once_per % timedelta(hours=1) == timedelta()
        if not (whole and self.terms.lasts < self.once_per <= MAX_ONCE_PER):
            message = phrase(
                "use whole hours, more than `hours` and %(most)s at most", most=in_words(MAX_ONCE_PER)
            )
            raise wrong_value("self_service", message, key="once_per")
        return self

    @property
    def terms(self) -> LetIn:
        return LetIn(timedelta(hours=self.hours), self.once_per, self.reason)


class Default(Strict):
    """The effect on a request that no rule matches."""

    effect: Effect = Field(default=Effect.BLOCK, strict=False)
    reason: RuleReason = Reason.NO_RULE_MATCHED
    title: LocalizedField | None = None
    notice: NoticeTexts = NoticeTexts()


class Rule(Strict):
    """One rule: the people that it is about, its effect on them, its start, and what they are told."""

    id: Key
    title: LocalizedField | None = None
    when: When
    effect: Effect = Field(strict=False)
    reason: RuleReason | None = None
    stages: Stages | None = None
    share: Share = 1.0
    groups: tuple[Group, ...] = ()
    """The rule is only about people in one of these groups; if left out, about everybody."""
    grace: Duration | None = None
    """How long a device is only warned after it has become known; if left out, not at all."""
    halt_when: HaltWhen | None = None
    """The limits at which it halts by itself; if left out, it never does."""
    self_service: SelfServiceTerms | None = None
    """How people whom it refuses may let themselves in for a time; if left out, they may not."""
    on_unavailable: OnUnavailable = Field(default=OnUnavailable.LAST_KNOWN, strict=False)
    notice: RuleNotice = RuleNotice()

    @model_validator(mode="after")
    def _has_something_to_soften(self) -> Self:
        for name in ("grace", "halt_when", "self_service"):
            if getattr(self, name) is not None and not self.keeps_out:
                message = phrase("the rule refuses nobody; use it only with `block` or `challenge`")
                raise wrong_value("effect", message, key=name)
        return self

    @model_validator(mode="after")
    def _lets_in_what_is_known(self) -> Self:
        for name in sorted(self.when.open_to_unknown if self.effect is Effect.ALLOW else ()):
            told = {"name": name, "example": f'{name}.at_least("0") && …'}
            words = phrase("it would give mail where `%(name)s` is not known; use `%(example)s`", **told)
            raise wrong_value("condition", words, key="when")
        return self

    def stage_at(self, now: datetime) -> Stage:
        """Its stage by its own dates."""
        return self.stages.at(now) if self.stages else Stage.ENFORCE

    @property
    def restricts(self) -> bool:
        """Whether it has any effect other than `allow`."""
        return self.effect is not Effect.ALLOW

    @property
    def keeps_out(self) -> bool:
        """Whether it can keep anybody from their mail."""
        return self.effect in (Effect.BLOCK, Effect.CHALLENGE)


class PolicyFile(Strict):
    """``policy.yaml``: rules are read top to bottom; the first that matches decides."""

    default: Default = Default()
    rules: tuple[Rule, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Policy:
    """The compiled policy: the rules, the default, the apps that the rules name, and the rules that are out."""

    rules: tuple[Rule, ...]
    default: Default = field(default_factory=Default)
    catalog: AppCatalog = field(default_factory=AppCatalog)
    reliefs: Reliefs = NO_RELIEFS
    """The reliefs that take rules out now. They are no part of the version."""

    @cached_property
    def version(self) -> str:
        """The first 12 hex digits of the SHA-256 of rules, default and catalogue in canonical form."""
        plain = {
            "rules": [rule.model_dump(mode="json", exclude_defaults=True) for rule in self.rules],
            "default": self.default.model_dump(mode="json", exclude_defaults=True),
            "apps": {key: sorted(app.identifiers()) for key, app in self.catalog.apps.items()},
            "lists": {name: sorted(keys) for name, keys in self.catalog.lists.items()},
        }
        return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]

    @cached_property
    def reads(self) -> frozenset[str]:
        return frozenset[str]().union(*(rule.when.reads for rule in self.rules))

    @cached_property
    def index(self) -> RuleIndex:
        """Tells which rules have to be read for a request."""
        return RuleIndex(Indexed(rule.when, rule.groups, rule.restricts) for rule in self.rules)

    @cached_property
    def let_ins(self) -> Mapping[str, LetIn]:
        """The terms of the rules whose people may let themselves in."""
        return {rule.id: rule.self_service.terms for rule in self.rules if rule.self_service}

    @cached_property
    def counts_requests(self) -> bool:
        """Whether a rule halts at a share of the requests, so that every request has to be counted."""
        return any(rule.halt_when is not None and rule.halt_when.of == "requests" for rule in self.rules)

    def title_of(self, rule: str) -> str:
        """The title of a rule; its id if it has none, or is gone."""
        return next((str(each.title or each.id) for each in self.rules if each.id == rule), rule)


def policy_context(catalog: AppCatalog | None, groups: Collection[str] | None = None) -> Mapping[str, Any]:
    """The validation context of ``PolicyFile``. Without a catalogue or groups, their names are not checked."""
    closed: dict[str, tuple[str, ...]] = {}
    if catalog is not None:
        closed |= {"device.apps": tuple(catalog.apps), "device.lists": tuple(catalog.lists)}
    if groups is not None:
        closed["user.groups"] = tuple(groups)
    return {"closed": closed, "groups": groups}


def repeated_ids(rules: object) -> list[tuple[int, str]]:
    """The index and id of each rule whose id is reserved or belongs to an earlier rule of the file."""
    seen, repeated = set(RESERVED), []
    for index, rule in enumerate(rules if isinstance(rules, tuple) else ()):
        name = rule.get("id") if isinstance(rule, dict) else None
        if isinstance(name, str) and name in seen:
            repeated.append((index, name))
        seen.add(str(name))
    return repeated
