"""The data about a person besides devices and sightings."""

from datetime import datetime, timedelta

from tests.unit.store.examples import NOW
from tests.unit.store.mail import a_mail

from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, EnrolmentToken, HelpRequest, Proofs, Store
from mailgate.store.looks import DataLook
from mailgate.store.sightings import ClientFacts, Sighting, Tally

DAY = timedelta(days=1)
PROXIED = Proofs(named_by="proxy")


async def read_mail(
    store: Store, person: str, at: datetime = NOW, proofs: Proofs | None = PROXIED, **client: object
) -> None:
    """A request of this person by a browser of a laptop, recorded with what came of its proofs."""
    seen = ClientFacts("laptop", False, "claimed", "desktop", "windows", "Chrome", "web", "", "GET", "/", ())
    facts = seen._replace(proofs=proofs, **client)
    sighting = Sighting(at.date(), facts, "", "missing", person, "r", "allow", "rule-matched", (), "v1")
    store.ledger.put(sighting, Tally(1, at, at))
    await store.ledger.flush()


async def write_down(store: Store, person: str, device: str = "d", sighting: str = "") -> None:
    """Store mails, a language, a token, an exemption and a request for help: a row in each table with the person's
    name."""
    address = f"{person}@example.com"
    await store.quarantine_mails.claim(address, device, "r", NOW, pause=7 * DAY, at_most=3, per_hour=999)
    await store.mails.queue([a_mail(person)])
    store.languages.listening = True
    store.languages.note(person.upper(), "de", NOW)
    await store.languages.flush()
    await read_mail(store, person)
    token = EnrolmentToken(f"token-of-{person}", person.title(), "", 2, NOW, NOW + DAY)
    await store.enrolments.add(person.encode(), token)
    exemption = Relief(0, Cause.EXEMPTION, "shut", "a new phone", "grace", NOW, NOW + DAY, person=person)
    await store.reliefs.grant(exemption, Act(NOW, "grace", "exemption-given", why="a new phone"))
    asked = HelpRequest("shut", person, person, "", "rule-matched", f"REF-{person}", "p1", True, 1, NOW, NOW)
    await store.help_requests.note(asked, sighting)
    looked = {"person": person, "origin": "console at gate-1", "what": "people"}
    store.look_queue.note(DataLook(NOW, "grace", "operator", **looked))
    await store.look_queue.flush()
