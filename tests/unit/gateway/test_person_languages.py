from datetime import datetime
from typing import Any

import pytest
from tests.unit.store.examples import ALLOW, BROWSER, NOW

from mailgate.gateway.person_languages import PersonLanguages
from mailgate.model import Access, Client, Kind, Posture, Protocol, RequestFacts, User


class Heard(list[tuple[str, str, datetime]]):
    """A record of languages."""

    def note(self, login: str, tag: str, now: datetime) -> None:
        self.append((login, tag, now))


def asking(headers: str, user: str, client: Client = BROWSER) -> Access:
    return Access(RequestFacts(headers={"accept-language": headers}), client, Posture(), NOW, User(user))


@pytest.mark.parametrize(
    ("asked", "user", "heard"),
    [
        ("de-CH, en;q=0.5", "ada", [("ada", "de", NOW)]),
        ("zh-TW", "ada", [("ada", "zh-Hans", NOW)]),
        ("xx", "ada", []),
        ("", "ada", []),
        ("de", "", []),
    ],
)
def test_the_language_of_a_named_person_is_noted_each_time(asked: str, user: str, heard: list[Any]) -> None:
    first, again = Heard(), Heard()
    PersonLanguages.of(first).record(asking(asked, user), ALLOW)
    repeat = PersonLanguages.of(again).recurring(asking("fr", user), ALLOW)
    if repeat is not None:
        repeat("a browser", user, asked, NOW)
    assert (first, again) == (heard, heard)


def test_a_mail_app_says_nothing_of_its_person() -> None:
    heard = Heard()
    app = Client(Kind.MAIL_APP, handheld=True, protocol=Protocol.ACTIVESYNC)
    PersonLanguages.of(heard).record(asking("de", "ada", app), ALLOW)
    assert heard == []
