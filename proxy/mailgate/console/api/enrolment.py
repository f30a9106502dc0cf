"""Enrolment: what lets devices enrol, the keys that did, and shutting one out."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from mailgate.console.api.operation import Call, Link, Operation
from mailgate.console.api.problems import ProblemError
from mailgate.console.api.shapes import WHOLE, Answered, Asked, Line, Many
from mailgate.console.enrolment import MOST_DAYS, MOST_USES, make_token, revoke

Thumbprint = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Token(Answered):
    """What lets devices enrol."""

    name: str
    """What people call it by. It says nothing of the token itself."""
    owner: str
    """Whose the devices are that enrol with it; empty where nobody said."""
    note: str
    """What it is for."""
    uses_left: int
    """How many devices it is still good for."""
    made_at: datetime
    """When it was made."""
    expires_at: datetime
    """Until when it is good."""


class NewToken(Token):
    """A token that was just made."""

    token: str
    """The token itself. It is shown this once and kept nowhere."""


class Tokens(Answered):
    """The tokens that are kept."""

    items: list[Token]
    """The newest first."""


class TokenWanted(Asked):
    """A token to be made."""

    user: Line | None = None
    """The login name of whose the devices are; otherwise that stays open."""
    note: Line | None = None
    """What it is for."""
    uses: Annotated[int, Field(ge=1, le=MOST_USES), WHOLE] = 1
    """For how many devices it is good."""
    days: Annotated[int, Field(ge=1, le=MOST_DAYS), WHOLE] = 7
    """For how many days."""


class TokenNamed(Asked):
    """One token."""

    name: Line
    """What it is called by, like `token-0123456789`."""


class KeysWanted(Asked):
    """Which keys."""

    after: Thumbprint | None = None
    """What `next` was of the page before."""
    limit: Many = 50
    """How many at most."""


class Key(Answered):
    """A key that a device enrolled with."""

    thumbprint: str
    """Its thumbprint (RFC 7638)."""
    device: str
    """The device, as its posture calls it."""
    owner: str
    """Whose it is."""
    token: str
    """The name of the token that let it."""
    made_at: datetime
    """When it enrolled."""
    reported_at: datetime | None
    """When it reported last."""
    revoked_at: datetime | None
    """When it was revoked; null where it is good."""


class Keys(Answered):
    """A page of keys."""

    items: list[Key]
    """In the order of their thumbprints."""
    next: Thumbprint | None
    """Where the next page begins, for `after`; null at the end."""


class KeyNamed(Asked):
    """One key."""

    thumbprint: Thumbprint
    """Its thumbprint."""


async def list_tokens(call: Call) -> Tokens:
    """List the tokens that let devices enrol, and those that have ended of late."""
    return Tokens.model_validate({"items": await call.context.store.enrolments.tokens()})


async def make_enrolment_token(call: Call, body: TokenWanted) -> NewToken:
    """Make a token that lets devices enrol. It is in the answer, and is not shown again."""
    text, made = await make_token(
        call.context.store,
        call.person,
        call.now,
        user=call.context.bundle().settings.logins.person(body.user or ""),
        note=body.note or "",
        uses=body.uses,
        days=body.days,
    )
    call.made("/enrolment/tokens")
    return NewToken.model_validate(Token.model_validate(made).model_dump() | {"token": text})


async def revoke_token(call: Call, path: TokenNamed) -> None:
    """Revoke a token: no device enrols with it any more. Keys that did stay."""
    known = {each.name for each in await call.context.store.enrolments.tokens()}
    if path.name not in known:
        raise ProblemError(404, "no token is called so")
    await revoke(call.context.store, call.person, call.now, path.name)


async def list_keys(call: Call, query: KeysWanted) -> Keys:
    """List the keys that devices enrolled with, revoked or not, a page at a time."""
    found = await call.context.store.enrolments.page(query.after or "", query.limit)
    more = found[-1].thumbprint if len(found) == query.limit else None
    return Keys.model_validate({"items": found, "next": more})


async def get_key(call: Call, path: KeyNamed) -> Key:
    """Say what is known of a key that a device enrolled with."""
    return await _key(call, path)


async def revoke_key(call: Call, path: KeyNamed) -> Key:
    """Revoke a key: it counts for nothing any more, at every gate within a second, and never enrols again."""
    if (await _key(call, path)).revoked_at is None:
        await revoke(call.context.store, call.person, call.now, path.thumbprint)
    return await _key(call, path)


async def _key(call: Call, path: KeyNamed) -> Key:
    found = await call.context.store.enrolments.key(path.thumbprint)
    if found is None:
        raise ProblemError(404, "no key has this thumbprint")
    return Key.model_validate(found)


_FIRST = {"thumbprint": "$response.body#/items/0/thumbprint"}

OPERATIONS = (
    Operation(
        "GET",
        "/enrolment/tokens",
        list_tokens,
        "Enrolment",
        links=(Link("revoke_token", {"name": "$response.body#/items/0/name"}),),
    ),
    Operation(
        "POST",
        "/enrolment/tokens",
        make_enrolment_token,
        "Enrolment",
        roles=("operator",),
        status=201,
        located=True,
        links=(Link("revoke_token", {"name": "$response.body#/name"}),),
    ),
    Operation(
        "DELETE", "/enrolment/tokens/{name}", revoke_token, "Enrolment", roles=("operator",), status=204
    ),
    Operation(
        "GET",
        "/enrolment/keys",
        list_keys,
        "Enrolment",
        links=(Link("get_key", _FIRST), Link("revoke_key", _FIRST)),
    ),
    Operation("GET", "/enrolment/keys/{thumbprint}", get_key, "Enrolment"),
    Operation(
        "POST", "/enrolment/keys/{thumbprint}/revocation", revoke_key, "Enrolment", roles=("operator",)
    ),
)
