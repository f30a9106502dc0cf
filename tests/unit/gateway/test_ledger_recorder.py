from datetime import datetime
from typing import Any

import pytest
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, NOW

from mailgate.gateway.ledger_recorder import LedgerRecorder
from mailgate.gateway.refusals.enforce import warned_mark
from mailgate.model import (
    Access,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
    User,
)

WARN = Decision(Effect.WARN, Reason.RULE_MATCHED, "app", "v1")
PAGE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "accept": "text/html"}


class Kept:
    """A ledger and a list of languages."""

    def __init__(self) -> None:
        self.shown: list[bool | None] = []
        self.heard: list[tuple[str, str]] = []

    def record(
        self, access: Access, decision: Decision, reference: str = "", *, shown: bool | None = None
    ) -> None:
        self.shown.append(shown)

    def note(self, login: str, tag: str, now: datetime) -> None:
        self.heard.append((login, tag))


def recorded(decision: Decision, client: Client = BROWSER, user: str = "ada", **headers: str) -> Kept:
    kept = Kept()
    access = Access(RequestFacts(headers=headers), client, Posture(), NOW, User(user))
    LedgerRecorder.of(kept, kept).record(access, decision, "REF")
    return kept


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        (PAGE, True),
        ({"sec-fetch-mode": "cors"}, False),
        (PAGE | {"cookie": f"mailgate-warned={warned_mark(WARN)}"}, False),
    ],
)
def test_a_warning_told_somebody_where_its_page_was_shown(headers: dict[str, str], shown: bool) -> None:
    assert recorded(WARN, **headers).shown == [shown]


def test_a_warning_to_a_mail_app_told_nobody_and_a_refusal_is_what_it_is() -> None:
    app = Client(Kind.MAIL_APP, handheld=True, protocol=Protocol.ACTIVESYNC)
    assert recorded(WARN, app, **PAGE).shown == [False]
    assert recorded(BLOCK).shown == [None]


@pytest.mark.parametrize(
    ("asked", "user", "heard"),
    [
        ("de-CH, en;q=0.5", "ada", [("ada", "de")]),
        ("zh-TW", "ada", [("ada", "zh-Hans")]),
        ("xx", "ada", []),
        ("", "ada", []),
        ("de", "", []),
    ],
)
def test_the_language_of_somebody_who_is_named_is_heard(asked: str, user: str, heard: list[Any]) -> None:
    assert recorded(ALLOW, user=user, **{"accept-language": asked}).heard == heard
