"""Requests for help: who asked, against which rule, and how far each is."""

from collections.abc import Iterable
from enum import StrEnum

from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.store import HelpRequest
from mailgate.store.help_requests import NOT_THEIRS
from mailgate.views.words import reason_told


class HelpState(StrEnum):
    """How far a request for help is."""

    WAITING = "waiting"
    ANSWERED = "answered"
    DONE = "done"


class HelpFacts(Fact):
    """A request for help against a rule. There is one for each person and rule, however often they asked."""

    state: HelpState
    """`waiting`; `answered`, a mail was written to them; `done`, somebody said so."""
    rule: str
    """The rule that refused them; `own-page/not-theirs` where they said on their own page that a device is not theirs."""
    refused: bool
    """Whether a rule refused them."""
    title: Words
    """Its title. Empty if it is no longer in force or has none."""
    subject: str
    """What tells it apart from others against the same rule: the person, else the device, else a mark of the client."""
    person: str
    """The login name. Empty if the gate does not know who it was."""
    device: str
    """The id of the device. Empty if it is not known."""
    reason: str
    """Why they were refused, as a reason code."""
    cause: Words
    """The same in words."""
    reference: str
    """The reference of the refusal that they asked about last."""
    times: int
    """How often they asked."""
    first_at: Instant
    """When they asked first."""
    last_at: Instant
    """When they asked last."""
    replied_at: Instant | None
    """When somebody last wrote to them. Null if nobody did."""
    done_at: Instant | None
    """When somebody said that it is done. Null if it is open."""
    done_by: str
    """Who said so."""


class HelpCount(Fact):
    """How many requests for help wait because of one rule. Of those who are not known one client is one request."""

    rule: str
    """The rule."""
    title: Words
    """Its title."""
    requests: int
    """How many wait."""


def help_facts(asked: HelpRequest, policy: Policy) -> HelpFacts:
    """One request."""
    return HelpFacts(
        state=state_of(asked),
        rule=asked.rule,
        refused=asked.rule != NOT_THEIRS,
        title=title_of(asked.rule, policy),
        subject=asked.subject,
        person=asked.person,
        device=asked.device,
        reason=asked.reason,
        cause=phrase("Says that this device is not theirs")
        if asked.reason == NOT_THEIRS
        else reason_told(asked.reason),
        reference=asked.reference,
        times=asked.times,
        first_at=asked.first_at,
        last_at=asked.last_at,
        replied_at=asked.replied_at,
        done_at=asked.done_at,
        done_by=asked.done_by,
    )


def help_counts(counts: dict[str, int], policy: Policy) -> list[HelpCount]:
    """The people who wait, by rule, the rule with the most first."""
    return [
        HelpCount(rule=rule, title=title_of(rule, policy), requests=requests)
        for rule, requests in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]


def state_of(asked: HelpRequest) -> HelpState:
    """How far it is."""
    if asked.done_at:
        return HelpState.DONE
    return HelpState.ANSWERED if asked.replied_at and asked.replied_at >= asked.last_at else HelpState.WAITING


def title_of(rule: str, policy: Policy) -> str:
    """The title of a rule in force."""
    if rule == NOT_THEIRS:
        return phrase("Devices that are not theirs")
    return next((each.title or "" for each in policy.rules if each.id == rule), "")


def still_open(asked: Iterable[HelpFacts]) -> list[HelpFacts]:
    """The requests that are not done."""
    return [each for each in asked if each.done_at is None]
