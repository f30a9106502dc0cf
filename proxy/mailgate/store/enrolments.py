"""Enrolment: the tokens and the pairing codes with which devices enrol, of which only hashes are kept, and the keys of enrolled devices."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from sqlalchemy import and_, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import storable
from mailgate.model import AttestedApp
from mailgate.store import gates
from mailgate.store.bulk_rows import Newest, RowPosition
from mailgate.store.database import Queries, made
from mailgate.store.device_loading import Listed, Part
from mailgate.store.schema import enrolled_keys as keys
from mailgate.store.schema import enrolment_tokens as tokens
from mailgate.store.shut_enrolments import MACHINE, PERSON, forget_old, is_shut, of_machine, wait_for_turn

TOKEN_BYTES, CODE_BYTES = 32, 5
CODE_LIFE = timedelta(minutes=10)
_PREFIX = "mailgate-enrol-"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32. It has no I, L, O or U, which could be read as another letter."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CODE_LETTERS = 8


def new_token(random: bytes) -> str:
    """Make a token from ``TOKEN_BYTES`` random bytes."""
    return _PREFIX + urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def new_code(random: bytes) -> str:
    """Make a pairing code like ``7K3M-9XQ2`` from ``CODE_BYTES`` random bytes."""
    number = int.from_bytes(random)
    letters = "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(_CODE_LETTERS)))
    return f"{letters[:4]}-{letters[4:]}"


def digest_of(text: str) -> bytes:
    """The digest by which a token or a code is found. A code may be typed in any case, with spaces and without its hyphen."""
    return sha256(_as_written(text.strip()).encode("utf-8", "surrogatepass")).digest()


def name_of(digest: bytes) -> str:
    """The name by which people call a token. It reveals nothing about the token itself."""
    return f"token-{digest.hex()[:10]}"


def _as_written(text: str) -> str:
    if text.startswith(_PREFIX):
        return text
    code = text.upper().translate(_READ_AS)
    return code if len(code) == _CODE_LETTERS else text


_PAGE = 500
_NEWEST = Newest(tokens.c.made_at, tokens.c.name)


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """A token with which devices enrol, known by its ``name``. The token itself is not kept."""

    name: str
    owner: str
    """The owner of the devices that enrol with it; empty if it names nobody."""
    note: str
    uses_left: int
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A key with which a device enrolled. ``token`` is the name of the enrolment token."""

    thumbprint: str
    device: str
    owner: str
    token: str
    made_at: datetime
    reported_at: datetime | None = None
    revoked_at: datetime | None = None
    app: str = ""
    """The attested app that holds the key, as it is stored; empty if none does."""
    counter: int = 0
    """The counter of the last assertion of that app."""
    machine: str = ""
    """The company's name of the computer; empty if none was said."""
    proven: bool = False
    """Whether a machine's token proved that name. Otherwise it is the device's own word."""
    said: str = ""
    """The last report of the device about itself, as JSON; empty if there is none."""

    @property
    def attested(self) -> AttestedApp | None:
        if not self.app:
            return None
        told = json.loads(self.app)
        # where a newer Mailgate knows more of the app, and may ask for it, the app has no format that a setting accepts
        if told.keys() - _OF_AN_APP:
            told = {name: value for name, value in told.items() if name in _OF_AN_APP} | {"format": ""}
        return AttestedApp(**told | {name: tuple(told[name]) for name in ("signers", "serials")})


_OF_AN_APP = frozenset(each.name for each in fields(AttestedApp))


def written_app(app: AttestedApp | None) -> str:
    return json.dumps(asdict(app)) if app else ""


@dataclass(frozen=True, slots=True)
class Computer:
    """What a device says of the computer that it is on: its own word, unless it is ``proven`` by a machine's token."""

    machine: str = ""
    """The company's name of the computer."""
    owner: str = ""
    proven: bool = False
    most_keys: int = 0
    """How many keys a machine may have that proves its name."""


NO_COMPUTER = Computer()
ASLEEP_AFTER = timedelta(days=30)
"""A key that has not reported for so long leaves its place at its machine to another one."""


class NotEnrolled(Enum):
    """Why a key was not accepted."""

    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    """The token was revoked."""
    EXPIRED = "expired"
    USED_UP = "used-up"
    FULL = "full"
    """The machine has as many keys as it may have."""
    REVOKED = "revoked"
    """The key itself was revoked. It is never accepted again."""
    MACHINE_SHUT = "machine"
    PERSON_SHUT = "person"
    """The machine, or the person, enrols no more."""


class Enrolments(Queries):
    """Queries on enrolment. A method returns only after its data is stored."""

    async def add(self, digest: bytes, token: EnrolmentToken) -> None:
        """Store a new token under the SHA-256 of its text."""
        await self._change(insert(tokens).values(digest=digest, **asdict(token)))

    async def enrol(
        self,
        digest: bytes,
        thumbprint: str,
        device: str,
        now: datetime,
        app: AttestedApp | None = None,
        computer: Computer = NO_COMPUTER,
    ) -> EnrolledKey | NotEnrolled:
        """Enrol a key with a token, for the attested app that holds it. A key that is already known does not use up its token
        again, and stays its machine's where a token only says another one."""
        async with self._database.writing(timeout_seconds=5) as connection:
            token = await _shown(connection, digest, computer, now)
            known = await _key(connection, thumbprint)
            if known is not None and known.revoked_at is not None:
                return NotEnrolled.REVOKED
            if token is None:
                return NotEnrolled.UNKNOWN
            holder, again = written_app(app), known is not None and known.token == token.name
            if known is not None and again and holder in ("", known.app):
                return known
            key = _made(
                known, EnrolledKey(thumbprint, device, token.owner, token.name, now, app=holder), computer
            )
            if refused := await _refused(connection, token, key, known, computer, now):
                return refused
            if not (again or computer.proven or await _use(connection, digest)):
                return NotEnrolled.USED_UP
            return await _take(connection, known, key)

    async def take(self, enrolled: Sequence[EnrolledKey]) -> None:
        """Store many keys as they are. None of them may exist yet."""
        rows = list(map(asdict, enrolled))
        for start in range(0, len(rows), _PAGE):
            async with self._database.writing(timeout_seconds=30) as connection:
                await connection.execute(insert(keys), rows[start : start + _PAGE])

    async def key(self, thumbprint: str) -> EnrolledKey | None:
        """The enrolled key with this thumbprint, revoked or not."""
        async with self._database.reading() as connection:
            return await _key(connection, thumbprint)

    async def reporting(self, thumbprint: str, now: datetime, said: str) -> EnrolledKey | None:
        """Note what the device of a key says about itself, and return the key. None if it is not enrolled or was revoked, or if an
        app holds it, which has more to show. Most reports are such, so it is one statement of the driver alone."""
        told = {"report": storable(said), "key": storable(thumbprint)}
        rows = await self._database.change(_REPORTING, now, told, timeout_seconds=5)
        return next((EnrolledKey(*_KEY.row(json.loads(row))) for (row,) in rows), None)

    async def reported(
        self, thumbprint: str, now: datetime, counter: int | None = None, said: str = ""
    ) -> bool:
        """Note that a key has reported, and what it said. Returns False if it is not enrolled or was revoked, or if the ``counter`` of its assertion
        is not above the last one. That is one statement, so of two reports with one counter only one counts, at whatever gate."""
        mine = and_(keys.c.thumbprint == thumbprint, keys.c.revoked_at.is_(None))
        noted: dict[str, object] = {"reported_at": now, "said": said}
        if counter is not None:
            mine, noted = and_(mine, keys.c.counter < counter), noted | {"counter": counter}
        return bool(await self._change(update(keys).where(mine).values(noted), timeout_seconds=5))

    async def own(self, key: EnrolledKey, person: str) -> EnrolledKey:
        """Store the owner of a key. It does not become that of a person who enrols no more."""
        async with self._database.writing(timeout_seconds=5) as connection:
            named = [(PERSON, person)]
            await wait_for_turn(connection, named)
            if await is_shut(connection, named):
                return key
            mine = keys.c.thumbprint == key.thumbprint
            await connection.execute(update(keys).where(mine).values(owner=person))
            return replace(key, owner=person)

    async def tokens(self, size: int | None = None, after: RowPosition | None = None) -> list[EnrolmentToken]:
        """The stored tokens but for revoked ones, the newest first, after a place. Without ``size`` all of them are returned."""
        there = tokens.c.revoked_at.is_(None)
        query = select(*_TOKEN).where(there, *_NEWEST.behind(after)).order_by(*_NEWEST.order).limit(size)
        return await self._each(query, made(EnrolmentToken), timeout_seconds=30)

    async def page(self, after: str = "", size: int = _PAGE) -> list[EnrolledKey]:
        """Enrolled keys in the order of their thumbprints, after ``after``."""
        query = select(keys).where(keys.c.thumbprint > after).order_by(keys.c.thumbprint).limit(size)
        return await self._each(query, made(EnrolledKey), timeout_seconds=30)

    async def revoked(self, since: datetime | None = None) -> list[str]:
        """The thumbprints of all revoked keys, or of those revoked since a moment."""
        when = keys.c.revoked_at.is_not(None) if since is None else keys.c.revoked_at >= since
        return list(await self._values(select(keys.c.thumbprint).where(when)))

    async def prune(self, before: datetime) -> int:
        """Delete tokens that expired, and keys that last reported, before this moment. Of a revoked key the thumbprint stays."""
        silent = func.coalesce(keys.c.reported_at, keys.c.made_at) < before
        old = and_(keys.c.revoked_at < before, keys.c.device != "")
        async with self._database.writing() as connection:
            ended = await connection.execute(delete(tokens).where(tokens.c.expires_at < before))
            gone = await connection.execute(delete(keys).where(silent, keys.c.revoked_at.is_(None)))
            await connection.execute(update(keys).where(old).values(NAMELESS))
            await forget_old(connection, before)
            return ended.rowcount + gone.rowcount


NAMELESS = dict[str, object].fromkeys(("device", "owner", "token", "app", "machine", "said"), "") | {
    "proven": False
}
"""What is cleared of a revoked key that is kept by its thumbprint alone."""

_KEY = Part(keys)
_REPORTING = (
    update(keys)
    .where(
        keys.c.thumbprint == bindparam("key"), keys.c.revoked_at.is_(None), keys.c.app == literal_column("''")
    )
    .values(reported_at=bindparam("now"), said=bindparam("report"))
    .returning(Listed(*_KEY.columns))
)
_TOKEN = [tokens.c[each.name] for each in fields(EnrolmentToken)]


async def _shown(
    connection: AsyncConnection, digest: bytes, computer: Computer, now: datetime
) -> EnrolmentToken | None:
    """The token with this digest, or that of a machine, which is not stored and never ends; None if there is no such token."""
    if computer.proven:
        return EnrolmentToken(name_of(digest), computer.owner, "", 1, now, now)
    # requests with the same token wait for each other, so a device that asks twice at once gets its first result
    asked = select(*_TOKEN).where(tokens.c.digest == digest).with_for_update()
    row = (await connection.execute(asked)).mappings().first()
    return None if row is None else EnrolmentToken(**row)


def _made(known: EnrolledKey | None, key: EnrolledKey, computer: Computer) -> EnrolledKey:
    """The key as it is stored, with its machine. What was proved of it is not changed by its own word, and a token that names nobody
    leaves it its owner."""
    if known is not None and not computer.proven and (known.proven or not computer.machine):
        machine, proven = known.machine, known.proven
    else:
        machine, proven = computer.machine, computer.proven
    owner = key.owner or (known.owner if known else "")
    return replace(key, owner=owner, machine=machine, proven=proven)


async def _refused(
    connection: AsyncConnection,
    token: EnrolmentToken,
    key: EnrolledKey,
    known: EnrolledKey | None,
    computer: Computer,
    now: datetime,
) -> NotEnrolled | None:
    machines = {key.machine, computer.machine, known.machine if known else ""}
    people = {key.owner, computer.owner, known.owner if known else ""}
    named = [(MACHINE, each) for each in machines] + [(PERSON, each) for each in people]
    await wait_for_turn(connection, named)
    if token.revoked_at is not None:
        return NotEnrolled.WITHDRAWN
    if kind := await is_shut(connection, named):
        return NotEnrolled(kind)
    if computer.proven:
        of_others = and_(of_machine(key.machine), keys.c.proven, keys.c.thumbprint != key.thumbprint)
        awake = func.coalesce(keys.c.reported_at, keys.c.made_at) > now - ASLEEP_AFTER
        count = select(func.count()).where(of_others, awake, keys.c.revoked_at.is_(None))
        full = (await connection.execute(count)).scalar_one() >= computer.most_keys
        return NotEnrolled.FULL if full else None
    return NotEnrolled.EXPIRED if token.expires_at <= await gates.shared_now(connection, now) else None


async def _key(connection: AsyncConnection, thumbprint: str) -> EnrolledKey | None:
    row = (await connection.execute(select(keys).where(keys.c.thumbprint == thumbprint))).mappings().first()
    return None if row is None else EnrolledKey(**row)


async def _use(connection: AsyncConnection, digest: bytes) -> bool:
    """Count one use of a token. Returns False if none is left. Two gates never take the same use."""
    left = and_(tokens.c.digest == digest, tokens.c.uses_left > 0)
    done = await connection.execute(update(tokens).where(left).values(uses_left=tokens.c.uses_left - 1))
    return bool(done.rowcount)


async def _take(connection: AsyncConnection, known: EnrolledKey | None, key: EnrolledKey) -> EnrolledKey:
    if known is None:
        await connection.execute(insert(keys).values(**asdict(key)))
    else:
        mine = keys.c.thumbprint == key.thumbprint
        counter = known.counter if key.app == known.app else 0
        told = {"owner": key.owner, "token": key.token, "app": key.app, "counter": counter}
        told |= {"machine": key.machine, "proven": key.proven}
        await connection.execute(update(keys).where(mine).values(told))
    return key
