"""The state of the device inventories, who loses mail while one stays away, and readings of them on request."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.config import Bundle
from mailgate.console.connectors.reading import SourceReading
from mailgate.console.context import ConsoleContext
from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.now.readiness import ConnectorState, Readiness
from mailgate.model.fact import Fact, Instant
from mailgate.model.phrase import phrase, plural, time_of
from mailgate.policy.rules import OnUnavailable
from mailgate.rollout.person import Person
from mailgate.store import StoreUnavailableError

HOURS = 24
COUNTED_AGAIN_AFTER = timedelta(seconds=30)
"""Open pages ask every few seconds, and a count reads thousands of rows."""
_HOUR = timedelta(hours=1)
_WITH_MAIL = (MailAccess.GETS.value, MailAccess.WARNED.value)


class MailLoss(Fact):
    """The devices that may lose their mail while a source stays away, since its reports of them run out. Another source may
    know more of one, or a report may end sooner by itself, so this is what may be expected."""

    at: Instant
    """When it was counted."""
    devices: int
    """How many devices that get mail now may lose it within 24 hours."""
    whole: bool
    """Whether all of them are counted; otherwise there are at least as many."""
    first: Instant | None
    """When the first of them may; null if none does."""
    hours: list[int]
    """How many of them may in each of these hours, the next one first."""


class ConnectorFacts(ConnectorState):
    """A connector of the settings."""

    name: str
    """Its name in the settings."""
    type: str
    """The kind of its source."""
    polls: bool
    """Whether it asks its source; false if the source sends by itself."""
    reading: SourceReading | None
    """The last requested reading since the start; null if there was none, and for a role that sees numbers without names."""
    loss: MailLoss | None
    """Who may lose their mail if it stays away; null if it does not fail, if no rule takes mail for that, or if the store does
    not answer."""


async def sources_of(context: ConsoleContext, state: Readiness) -> list[ConnectorFacts]:
    """Every connector of the settings with its state, the progress of a reading, and what its failing takes."""
    return [
        ConnectorFacts(
            name=name,
            type=str(getattr(each, "type", "")),
            polls=each.scheduled(),
            reading=context.readings.last.get(name),
            loss=await _loss(context, name) if state.connectors[name].failing_since else None,
            **dict(state.connectors[name]),
        )
        for name, each in context.bundle().settings.connectors.items()
        if name in state.connectors
    ]


def loss_in_words(loss: MailLoss) -> str:
    """Who may lose mail while the source stays away."""
    if not loss.devices:
        nobody = phrase("No report of a device that gets mail runs out within 24 hours.")
        more = phrase(
            "It is not known whether a device loses mail within 24 hours: there are too many reports to look at."
        )
        return nobody if loss.whole else more
    told = {"at": loss.first and time_of(loss.first)}
    if loss.whole:
        return plural(
            "If it stays away, %(count)s device may lose mail within 24 hours: %(at)s.",
            "If it stays away, %(count)s devices may lose mail within 24 hours, the first %(at)s.",
            loss.devices,
            **told,
        )
    return plural(
        "If it stays away, at least %(count)s device may lose mail within 24 hours: %(at)s.",
        "If it stays away, at least %(count)s devices may lose mail within 24 hours, the first %(at)s.",
        loss.devices,
        **told,
    )


async def _loss(context: ConsoleContext, source: str) -> MailLoss | None:
    now, lasts = context.clock(), mail_lasts(context.bundle(), source)
    if lasts is None:
        return None
    counted = context.losses.get((source, lasts))
    if isinstance(counted, MailLoss) and now - counted.at < COUNTED_AGAIN_AFTER:
        return counted
    with suppress(StoreUnavailableError):
        since = now - lasts
        looks, whole = await context.store.rows.ending(source, _WITH_MAIL, since, since + HOURS * _HOUR)
        hours = Counter(min((look - since) // _HOUR, HOURS - 1) for look in looks)
        context.losses[source, lasts] = loss = MailLoss(
            at=now,
            devices=len(looks),
            whole=whole,
            first=looks[0] + lasts if looks else None,
            hours=[hours[hour] for hour in range(HOURS)],
        )
        return loss
    return None


def mail_lasts(bundle: Bundle, source: str) -> timedelta | None:
    """How long after its last look a device keeps its mail while this source is away, by the strictest of the rules that
    read what is known of a device; None if none of them takes it for that (``on_unavailable``)."""
    rules = bundle.policy.rules
    ways = {
        each.on_unavailable for each in rules if any(name.startswith("device.") for name in each.when.reads)
    }
    terms = bundle.settings.posture_terms({})
    if OnUnavailable.BLOCK in ways:
        return terms.age_of(source)
    return terms.age_of(source) + terms.last_known_for if OnUnavailable.LAST_KNOWN in ways else None


def can_be_read(context: ConsoleContext, name: str) -> bool:
    """Whether a connector has this name and asks its source."""
    known = context.bundle().settings.connectors.get(name)
    return known is not None and known.scheduled()


async def read_now(context: ConsoleContext, name: str, person: Person, now: datetime, *, full: bool) -> bool:
    """Begin to read a source. Returns False if a requested reading is running already."""
    began = context.readings.start(name, person.name, now, full=full)
    if began:
        act = replace(person.act(now, "connector-read"), about=f"connector {name}", details={"full": full})
        await context.store.audit.append(act)
    return began
