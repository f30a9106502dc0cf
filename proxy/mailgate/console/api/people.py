"""People: finding them, everything that answers them, and writing to them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import Call, Link, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import Answered, Asked, Line
from mailgate.console.support_acts import answer
from mailgate.mail.reply import LONGEST
from mailgate.views.find import Hits, find
from mailgate.views.person import PersonFacts, person_of

Words = Annotated[str, StringConstraints(max_length=LONGEST, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class Looked(Asked):
    """What is looked for."""

    text: Line
    """A part of a login name or an address, a serial number or a device id or how it begins, or a reference."""
    after: Line | None = None
    """What `next` was of the page before."""


class PersonNamed(Asked):
    """One person."""

    login: Line
    """The login name, or an address at a domain that is ours."""


class Reply(Asked):
    """An answer by mail."""

    answer: Words = Field(default_factory=str)
    """What is said besides what holds for their devices."""


class Replied(Answered):
    """A mail that goes to somebody."""

    id: str
    """Its id."""
    address: str
    """Where it goes."""
    queued_at: datetime
    """Since when it waits to be sent."""


async def find_anything(call: Call, query: Looked) -> Hits:
    """Find people, devices and decisions by whatever somebody has of them."""
    return await find(call.context.store, call.context.bundle(), query.text, call.now, query.after or "")


async def get_person(call: Call, path: PersonNamed) -> PersonFacts:
    """Say everything about a person: whether each device gets mail and why, what they asked, what they were told, what became of it."""
    return await _person(call, path.login)


async def reply_to_person(call: Call, path: PersonNamed, body: Reply) -> Replied:
    """Answer a person by mail, in their language: what holds for their devices, what to do, and what is said besides."""
    mail = await answer(call.context, await _person(call, path.login), body.answer, call.person, call.now)
    return Replied.model_validate(mail)


async def _person(call: Call, login: str) -> PersonFacts:
    found = await person_of(call.context.store, call.context.bundle(), login, call.now)
    if found is None:
        raise ProblemError(404, "nothing is known of this person")
    return found


OPERATIONS = (
    Operation(
        "GET",
        "/find",
        find_anything,
        "Find",
        links=(Link("get_person", {"login": "$response.body#/items/0/person"}),),
    ),
    Operation(
        "GET",
        "/people/{login}",
        get_person,
        "People",
        links=(Link("get_device", {"device": "$response.body#/devices/0/facts/id"}),),
    ),
    Operation(
        "POST",
        "/people/{login}/reply",
        reply_to_person,
        "People",
        roles=("operator",),
        status=202,
        refuses=True,
    ),
)
