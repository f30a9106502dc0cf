"""The person who changes what is in force, and the errors for what they may not do."""

from dataclasses import dataclass
from datetime import datetime

from mailgate.errors import MailgateError
from mailgate.store import Act


class RefusedError(MailgateError):
    """The action is not allowed now. The text says why, and what to do."""

    def __init__(self, why: str, by_command: str = "", *, plan: str = "", missing: int = 0) -> None:
        super().__init__(why)
        self.by_command = by_command
        self.plan = plan
        """The digest of the plan that it is about; empty if it is about none."""
        self.missing = missing
        """How many approvals that plan lacks."""


class UnknownError(RefusedError):
    """Nothing has this name."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person who acts, and the computer from which they act."""

    name: str
    origin: str

    def act(self, now: datetime, what: str, why: str = "") -> Act:
        return Act(now, self.name, what, why=why, origin=self.origin)
