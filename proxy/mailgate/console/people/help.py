"""Requests for help: who asked, because of which rule, and whether they are answered."""

from collections.abc import Iterable
from enum import StrEnum

from mailgate.console.words import LOST, reason_in_words
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.policy.rules import LOST_RULE
from mailgate.store import HelpRequest
from mailgate.store.help_requests import NOT_THEIRS


class HelpState(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    DONE = "done"


class HelpFacts(Fact):
    """A request for help after a refusal. There is one for each person and rule, however often they asked."""

    state: HelpState
    """`waiting`; `answered` if somebody answered since they last asked; `done` if an admin closed it."""
    rule: str
    """The rule that refused them; `own-page/not-theirs` if they reported on their own page that a device is not theirs."""
    refused: bool
    """Whether a rule refused them."""
    title: Words
    """The title of the rule; empty if the rule has none or is no longer in force."""
    subject: str
    """The key of the request among those for the same rule: the person; if unknown, the device; otherwise a hash of the client."""
    person: str
    """The login name; empty if unknown."""
    device: str
    """The id of the device; empty if unknown."""
    reason: str
    """Why they were refused, as a reason code."""
    cause: Words
    """The reason in words."""
    words: str
    """What they last wrote with it; empty if nothing."""
    answer: str
    """The words of the last answer, which they read on the page that refuses them and on their own; empty if there are none."""
    reference: str
    """The reference of the refusal that they last asked about."""
    times: int
    """How often they asked."""
    first_at: Instant
    """When they first asked."""
    last_at: Instant
    """When they last asked."""
    replied_at: Instant | None
    """When they were last answered; null if they were not."""
    done_at: Instant | None
    """When an admin closed it; null if it is open."""
    done_by: str
    """The admin who closed it; empty if it is open."""


class HelpCount(Fact):
    """The number of waiting requests for help because of one rule. Each unknown client counts as one."""

    rule: str
    """The rule."""
    title: Words
    """The title of the rule; empty if the rule has none or is no longer in force."""
    requests: int
    """The number of waiting requests."""


def help_facts(asked: HelpRequest, policy: Policy) -> HelpFacts:
    not_theirs = phrase("Says that this device is not theirs")
    return HelpFacts.taken_from(
        asked,
        state=state_of(asked),
        refused=asked.rule != NOT_THEIRS,
        title=title_of(asked.rule, policy),
        cause=not_theirs if asked.reason == NOT_THEIRS else reason_in_words(asked.reason),
    )


def help_counts(counts: dict[str, int], policy: Policy) -> list[HelpCount]:
    """The waiting requests by rule, the rule with the most first."""
    return [
        HelpCount(rule=rule, title=title_of(rule, policy), requests=requests)
        for rule, requests in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]


def state_of(asked: HelpRequest) -> HelpState:
    if asked.done_at:
        return HelpState.DONE
    return HelpState.WAITING if asked.waits else HelpState.ANSWERED


_UNWRITTEN = {NOT_THEIRS: phrase("Devices that are not theirs"), LOST_RULE: LOST}


def title_of(rule: str, policy: Policy) -> str:
    if rule in _UNWRITTEN:
        return _UNWRITTEN[rule]
    return next((each.title or "" for each in policy.rules if each.id == rule), "")


def still_open(asked: Iterable[HelpFacts]) -> list[HelpFacts]:
    return [each for each in asked if each.done_at is None]
