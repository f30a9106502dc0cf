"""Pairing codes from a person's own page: a person who has logged in may add the computer that they use."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailgate.gateway.rate_limit import RateLimit
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson
from mailgate.http.request import RequestRefused
from mailgate.model import Access, Kind, Reason
from mailgate.store import EnrolmentToken, StoreUnavailableError
from mailgate.store.enrolments import CODE_BYTES, CODE_LIFE, Enrolments, digest_of, name_of, new_code

NOTE = "own page"
"""The note that distinguishes such a code from an admin's in `mailgate enroll list`."""
_LOGGED_IN = frozenset({KnownBy.PROXY, KnownBy.LOGIN})


@dataclass(slots=True)
class PairingCodes:
    """Decides who may have a code, and how often. ``offered``: whether anybody may."""

    tokens: Enrolments
    offered: bool = False
    rates: RateLimit = field(default_factory=lambda: RateLimit(5, CODE_LIFE))
    """Codes made, by person."""
    random: Callable[[int], bytes] = secrets.token_bytes

    def may_have(self, person: RecognisedPerson, access: Access) -> bool:
        """Whether this person may have a code in this browser. They must have logged in, since a known device is not enough, and the
        browser must be on a computer, since a code adds a computer.
        """
        return (
            self.offered
            and person.by in _LOGGED_IN
            and access.client.kind is Kind.LAPTOP
            and not access.client.contradicted
        )

    async def make(self, person: RecognisedPerson, access: Access, now: datetime) -> str:
        """Make a code in this person's name. Raises RequestRefused if they may not have one, or not yet another one."""
        if not self.may_have(person, access):
            raise RequestRefused(403, Reason.REQUEST_NOT_SUPPORTED, "Expected a login and a computer.")
        if self.rates.wait(person.name, now) > timedelta():
            told = "You have made too many codes in ten minutes. Please use one of them, or wait."
            raise RequestRefused(429, Reason.TOO_MANY_REQUESTS, told)
        self.rates.note(person.name, now)
        code = new_code(self.random(CODE_BYTES))
        digest = digest_of(code)
        made = EnrolmentToken(name_of(digest), person.name, NOTE, 1, now, now + CODE_LIFE)
        try:
            await self.tokens.add(digest, made)
        except StoreUnavailableError:
            told = "A code cannot be kept right now. Please try again in a few minutes."
            raise RequestRefused(503, Reason.STORE_UNAVAILABLE, told) from None
        return code
