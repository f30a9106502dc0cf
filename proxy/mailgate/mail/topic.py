"""The topic of a notice: a rule of the version in force at one of its stages. Others are never told."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.model import Effect, Stage
from mailgate.model.notice import MailKind
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.policy.rule_states import unreachable
from mailgate.policy.rules import Rule
from mailgate.rollout.person import RefusedError

_NEEDS = {MailKind.WARNED: Stage.WARN, MailKind.ENFORCED: Stage.ENFORCE}


@dataclass(frozen=True, slots=True)
class Topic:
    """One rule at one moment of its stages."""

    rule: Rule
    kind: MailKind
    at: datetime
    """The moment for which everybody is decided: the last stage that the mail names has begun by then."""
    until: datetime | None
    """When the mail stops being true; None if it stays true."""
    warn_at: datetime | None = None
    enforce_at: datetime | None = None


def topic_of(policy: Policy, version: int, name: str, kind: MailKind, now: datetime) -> Topic:
    """The topic of a mail of this kind about a rule of the version in force. Raises RefusedError if there is none."""
    rule = next((each for each in policy.rules if each.id == name), None)
    if rule is None:
        raise RefusedError(
            phrase(
                "rule `%(name)s` is not in the running version %(version)s: we write only about rules that run",
                name=name,
                version=str(version),
            )
        )
    if rule.effect is Effect.ALLOW or rule.share == 0:
        lets_in = phrase("rule `%(name)s` gives mail: there is nobody to tell", name=name)
        for_none = phrase("rule `%(name)s` has a share of 0%%: there is nobody to tell", name=name)
        raise RefusedError(lets_in if rule.effect is Effect.ALLOW else for_none)
    topic = _upcoming(rule, now) if kind is MailKind.UPCOMING else _started(rule, kind, now)
    if blocked := unreachable(policy, topic.at).get(name):
        raise RefusedError(
            phrase("rule `%(name)s` can never decide anything: %(blocked)s", name=name, blocked=blocked)
        )
    return topic


def _upcoming(rule: Rule, now: datetime) -> Topic:
    coming = dict(_coming(rule, now))
    if not coming:
        raise RefusedError(
            phrase(
                "rule `%(id)s` has no later stage that people notice: it stays as it is (%(stage)s)",
                id=rule.id,
                stage=rule.stage_at(now),
            )
        )
    warn_at, enforce_at = coming.get(Stage.WARN), coming.get(Stage.ENFORCE)
    starts = [start for start in (warn_at, enforce_at) if start]
    return Topic(rule, MailKind.UPCOMING, max(starts), min(starts), warn_at, enforce_at)


def _started(rule: Rule, kind: MailKind, now: datetime) -> Topic:
    stage = rule.stage_at(now)
    if kind not in _NEEDS:
        reply = kind is MailKind.REPLY
        writer = phrase("a person's answer to a request for help") if reply else phrase("a roll back")
        raise RefusedError(
            phrase("a mail of the kind `%(kind)s` is written by %(writer)s alone", kind=kind, writer=writer)
        )
    if stage is not _NEEDS[kind]:
        raise RefusedError(
            phrase(
                "rule `%(id)s` runs as %(stage)s now, not as %(needs)s: a mail of the kind `%(kind)s` would not "
                "be true",
                id=rule.id,
                stage=stage,
                needs=_NEEDS[kind],
                kind=kind,
            )
        )
    following = dict(_coming(rule, now))
    enforce_at = following.get(Stage.ENFORCE)
    return Topic(rule, kind, now, enforce_at, None, enforce_at)


def _coming(rule: Rule, now: datetime) -> list[tuple[Stage, datetime]]:
    """The future stages that people notice."""
    starts = rule.stages.starts() if rule.stages else []
    return [(stage, start) for stage, start in starts if start > now and stage is not Stage.REPORT_ONLY]
