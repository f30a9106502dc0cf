"""The answers of an attested app by which of the listed apps are beside it, and how far they count.

The app is asked for the listed apps that have an id on its system and says yes or no to each that it can look for. Where it can look
is a profile of Android, which is a user of its own: no app sees into another one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mailgate.attest.hardware import ExpectedApp
from mailgate.attest.sealing import NONCE_LIFE
from mailgate.model import AppsReport
from mailgate.model.proofs import THUMBPRINT

Thumbprint = Annotated[str, StringConstraints(pattern=rf"^{THUMBPRINT}$")]
AppKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
MAX_VOUCHED = 4
"""For how many copies of itself an app may vouch: those of one phone."""


class Profile(StrEnum):
    """The profile of Android in which an app looks."""

    PERSONAL = "personal"
    WORK = "work"
    DEVICE = "device"
    """The only profile of a phone that the company manages as a whole."""
    OTHER = "other"
    """A second user, a private space or a clone of an app: beside the profile in which its person lives."""


class AppAnswers(BaseModel):
    """The answers as an app sends them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    question: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    """The digest of the question that they answer."""
    profile: Annotated[Profile, Field(strict=False)]
    installed: Annotated[dict[AppKey, bool], Field(max_length=1000)]
    """Whether each app is there. One that the app cannot look for is left out, and stays unknown."""
    vouches_for: Annotated[tuple[Thumbprint, ...], Field(strict=False, max_length=MAX_VOUCHED)] = ()
    """The keys of its copies in other profiles of this phone, with which the copy in the work profile speaks over the system's bridge
    (``connectedWorkAndPersonalApp``)."""


@dataclass(frozen=True, slots=True)
class Reporters:
    """The apps that may answer for their devices, and how far they are believed."""

    apps: Mapping[str, ExpectedApp] = field(default_factory=dict)
    """By the format of the evidence with which they enrol."""
    accepts_unseen: bool = False
    """Whether the company accepts that nobody sees into a private space, a second user or a clone. Otherwise the answers of one profile
    make no device clean."""

    def look(self, answers: AppAnswers, now: datetime) -> AppsReport:
        """What the answers say of the device. An app looks just before it signs. Its clock proves nothing: whoever sets it ahead can hold the
        answers back for as long as their nonce counts."""
        here = frozenset(app for app, there in answers.installed.items() if there)
        whole = self.accepts_unseen and answers.profile in (Profile.PERSONAL, Profile.DEVICE)
        profile = "" if answers.profile is Profile.DEVICE else str(answers.profile)
        return AppsReport(here, whole, now, NONCE_LIFE, frozenset(answers.installed), profile)


Question = Mapping[str, Sequence[str]]
"""The ids of each listed app on the system of the app that is asked, by the keys in ``apps.yaml``."""


def digest_of(question: Question) -> str:
    """The digest by which answers name their question. It changes with each app and each id."""
    return sha256(json.dumps(question, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def told(question: Question) -> dict[str, object]:
    """A question as it is sent."""
    return {"question": digest_of(question), "apps": dict(question)}
