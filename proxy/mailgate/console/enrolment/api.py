"""Enrolment: the tokens for it, the enrolled keys, and revoking them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import EITHER, OPERATOR, Call, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import WHOLE, InputModel, LargePage, Line, ListOf, OutputModel, PageOf
from mailgate.console.enrolment.tokens import MAX_DAYS, MAX_USES, make_token
from mailgate.rollout import counted_acts
from mailgate.store import Named
from mailgate.store.shut_enrolments import PERSON, Sort

Thumbprint = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
KeyName = Annotated[Thumbprint, Field(description="Its thumbprint.")]
TokenName = Annotated[Line, Field(description="Its name, like `token-0123456789`.")]
ShutKind = Annotated[Literal["machine", "person"], Field(description="A computer or a person.")]
ShutName = Annotated[
    Line,
    StringConstraints(strip_whitespace=True),
    Field(description="The company's name of the computer, or the login name of the person; in any case."),
]


class Token(OutputModel):
    """A token with which devices enrol."""

    name: str
    """The name of the token, which reveals nothing about the token itself."""
    owner: str
    """The owner of the devices that enrol with it; empty if it names nobody."""
    note: str
    """The purpose of the token."""
    uses_left: int
    """How many more devices may enrol with it."""
    made_at: datetime
    """When it was made."""
    expires_at: datetime
    """When it expires."""


class NewToken(Token):
    """A new token."""

    token: str
    """The token itself. It is shown only once and is not stored."""


class TokenInput(InputModel):
    """A token to make."""

    user: Line | None = None
    """The login name of the owner of the devices; without it, the token names no owner."""
    note: Line | None = None
    """The purpose of the token."""
    uses: Annotated[int, Field(ge=1, le=MAX_USES), WHOLE] = 1
    """How many devices may enrol with it."""
    days: Annotated[int, Field(ge=1, le=MAX_DAYS), WHOLE] = 7
    """How many days it is valid."""


class KeysQuery(InputModel):
    after: Thumbprint | None = None
    """The `next` of the previous page."""
    limit: LargePage = 50
    """The most keys to return."""


class Key(OutputModel):
    """A key with which a device enrolled."""

    thumbprint: str
    """Its thumbprint (RFC 7638)."""
    device: str
    """The name of the device in its posture."""
    owner: str
    """The login name of the owner."""
    token: str
    """The name of the token with which it enrolled."""
    machine: str
    """The company's name of the computer; empty if none was said."""
    proven: bool
    """Whether a machine's token proved that name. Otherwise it is the device's own word."""
    made_at: datetime
    """When it enrolled."""
    reported_at: datetime | None
    """When it last reported; null if it never did."""
    revoked_at: datetime | None
    """When it was revoked; null if it is valid."""


class RevokedTokenQuery(InputModel):
    """How far a revoked token goes."""

    with_keys: bool = False
    """Whether the keys that enrolled with it are revoked too."""


class ShutInput(InputModel):
    """Who is to be shut out."""

    kind: ShutKind
    name: ShutName


class ShutOut(OutputModel):
    """A computer or a person that enrols no more."""

    kind: ShutKind
    name: str
    """Its name in lower case; of somebody who was forgotten a digest."""
    at: datetime
    """Since when."""
    by: str
    """The admin who shut it out."""


async def list_shut_out(call: Call) -> ListOf[ShutOut]:
    """List the computers and people that enrol no more, the latest first."""
    return ListOf[ShutOut].model_validate({"items": await call.context.store.shut.all()})


async def shut_out(call: Call, body: ShutInput) -> ListOf[ShutOut]:
    """Shut out a computer or a person: its keys are revoked, and it enrols no more.

    That is so in whatever profile and with whatever token or code, until it is allowed again. It counts for the guard, as revoking a key does. Returns all that is shut out.
    """
    await _revoke(call, _named(call, body.kind, body.name))
    return await list_shut_out(call)


async def allow_enrolment(call: Call, kind: ShutKind, name: ShutName) -> None:
    """Let a computer or a person enrol again. Revoked keys stay revoked."""
    named = _named(call, kind, name)
    if not await counted_acts.allow_enrolment(call.context.store, call.person, call.now, named):
        raise ProblemError(404, "nothing of this name is shut out")


def _named(call: Call, kind: ShutKind, name: str) -> Named:
    person = call.context.bundle().settings.logins.person
    return Named(person(name) if kind == PERSON else name, Sort(kind))


async def list_tokens(call: Call) -> ListOf[Token]:
    """List the tokens with which devices can enrol, and those that have ended recently, the newest first."""
    return ListOf[Token].model_validate({"items": await call.context.store.enrolments.tokens()})


async def make_enrolment_token(call: Call, body: TokenInput) -> NewToken:
    """Make a token with which devices can enrol. Only this answer has the token itself."""
    text, made = await make_token(
        call.context.store,
        call.person,
        call.now,
        user=call.context.bundle().settings.logins.person(body.user or ""),
        note=body.note or "",
        uses=body.uses,
        days=body.days,
    )
    call.set_location("/enrolment/tokens")
    return NewToken.model_validate(Token.model_validate(made).model_dump() | {"token": text})


async def revoke_token(call: Call, name: TokenName, query: RevokedTokenQuery) -> None:
    """Revoke a token: no more devices enrol with it.

    Keys that already enrolled stay valid, unless `with_keys` says otherwise. Then each counts for the guard, as a revoked key does.
    """
    known = {each.name for each in await call.context.store.enrolments.tokens()}
    if name not in known:
        raise ProblemError(404, "no token has this name")
    await _revoke(call, Named(name, with_keys=query.with_keys))


async def list_keys(call: Call, query: KeysQuery) -> PageOf[Key]:
    """List the keys of enrolled devices, also revoked ones, in the order of their thumbprints, a page at a time."""
    found = await call.context.store.enrolments.page(query.after or "", query.limit)
    more = found[-1].thumbprint if len(found) == query.limit else None
    return PageOf[Key].model_validate({"items": found, "next": more})


async def get_key(call: Call, thumbprint: KeyName) -> Key:
    """Get a key of an enrolled device."""
    return await _key(call, thumbprint)


async def revoke_key(call: Call, thumbprint: KeyName) -> Key:
    """Revoke a key: no gate accepts it from the next second on, and it never enrols again.

    If its computer has a name, that enrols no more until it is allowed again; other keys of it stay valid.

    It counts for the guard: beyond what the guard lets pass by hand, another approver has to do the same; the refusal of the first one
    is noted.
    """
    if (await _key(call, thumbprint)).revoked_at is None:
        await _revoke(call, Named(thumbprint, Sort.KEY))
    return await _key(call, thumbprint)


async def _revoke(call: Call, named: Named) -> None:
    await counted_acts.revoke(call.context.store, call.context.guard, call.person, call.now, named)


async def _key(call: Call, thumbprint: str) -> Key:
    found = await call.context.store.enrolments.key(thumbprint)
    if found is None:
        raise ProblemError(404, "no key has this thumbprint")
    return Key.model_validate(found)


_FIRST = {"thumbprint": "items/0/thumbprint"}

OPERATIONS = (
    Operation("GET /enrolment/tokens", list_tokens, links={"revoke_token": {"name": "items/0/name"}}),
    Operation(
        "POST /enrolment/tokens",
        make_enrolment_token,
        roles=OPERATOR,
        status=201,
        has_location=True,
        links={"revoke_token": {"name": "name"}},
    ),
    Operation("DELETE /enrolment/tokens/{name}", revoke_token, roles=OPERATOR, status=204, may_conflict=True),
    Operation(
        "GET /enrolment/shut-out",
        list_shut_out,
        links={"allow_enrolment": {"kind": "items/0/kind", "name": "items/0/name"}},
    ),
    Operation("POST /enrolment/shut-out", shut_out, roles=EITHER, may_conflict=True),
    Operation("DELETE /enrolment/shut-out/{kind}/{name}", allow_enrolment, roles=OPERATOR, status=204),
    Operation("GET /enrolment/keys", list_keys, links=dict.fromkeys(["get_key", "revoke_key"], _FIRST)),
    Operation("GET /enrolment/keys/{thumbprint}", get_key),
    Operation("POST /enrolment/keys/{thumbprint}/revocation", revoke_key, roles=EITHER, may_conflict=True),
)
