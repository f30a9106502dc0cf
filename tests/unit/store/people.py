"""The data about a person besides devices and sightings."""

from datetime import timedelta

from tests.unit.store.examples import NOW
from tests.unit.store.mail import a_mail

from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, EnrolmentToken, HelpRequest, Store

DAY = timedelta(days=1)


async def write_down(store: Store, person: str, device: str = "d", sighting: str = "") -> None:
    """Store mails, a language, a token, an exemption and a request for help: a row in each table with the person's
    name."""
    address = f"{person}@example.com"
    await store.quarantine_mails.claim(address, device, "r", NOW, pause=7 * DAY, at_most=3, per_hour=999)
    await store.mails.queue([a_mail(person)])
    store.languages.listening = True
    store.languages.note(person.upper(), "de", NOW)
    await store.languages.flush()
    token = EnrolmentToken(f"token-of-{person}", person.title(), "", 2, NOW, NOW + DAY)
    await store.enrolments.add(person.encode(), token)
    exemption = Relief(0, Cause.EXEMPTION, "shut", "a new phone", "grace", NOW, NOW + DAY, person=person)
    await store.reliefs.grant(exemption, Act(NOW, "grace", "exemption-given", why="a new phone"))
    asked = HelpRequest("shut", person, person, "", "rule-matched", f"REF-{person}", "p1", True, 1, NOW, NOW)
    await store.help_requests.note(asked, sighting)
