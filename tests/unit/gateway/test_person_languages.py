from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.unit.gateway.gates import gate
from tests.unit.gateway.wire import exchange, facts_of
from tests.unit.store.examples import ALLOW, BROWSER, NOW

from mailgate.gateway.answer import Answer
from mailgate.gateway.person_languages import PersonLanguages
from mailgate.gateway.refusals.responses import requested_language
from mailgate.http.request import RequestRefused
from mailgate.model import Access, Client, Kind, Posture, Protocol, RequestFacts, User
from mailgate.texts import load_languages


class Heard(list[tuple[str, str, datetime]]):
    """A record of languages."""

    def note(self, login: str, tag: str, now: datetime) -> None:
        self.append((login, tag, now))


def asking(headers: str, user: str, client: Client = BROWSER) -> Access:
    return Access(RequestFacts(headers={"accept-language": headers}), client, Posture(), NOW, User(user))


@pytest.mark.parametrize(
    ("asked", "user", "heard"),
    [
        ("de, en-GB;q=0.5", "ada", [("ada", "de", NOW)]),
        ("de-CH, en;q=0.5", "ada", [("ada", "de-CH", NOW)]),
        ("en-gb-oxendict, en", "ada", [("ada", "en-GB", NOW)]),
        ("zh-TW", "ada", [("ada", "zh-Hans", NOW)]),
        ("xx", "ada", []),
        ("", "ada", []),
        ("de", "", []),
    ],
)
def test_the_language_of_a_named_person_is_noted_each_time(asked: str, user: str, heard: list[Any]) -> None:
    first, again = Heard(), Heard()
    PersonLanguages(first).record(asking(asked, user), ALLOW)
    repeat = PersonLanguages(again).recurring(asking("fr", user), ALLOW)
    if repeat is not None:
        repeat("a browser", user, asked, NOW)
    assert (first, again) == (heard, heard)


def test_a_mail_app_says_nothing_of_its_person() -> None:
    heard = Heard()
    app = Client(Kind.MAIL_APP, handheld=True, protocol=Protocol.ACTIVESYNC)
    PersonLanguages(heard).record(asking("de", "ada", app), ALLOW)
    assert heard == []


LINE = b"POST /.mailgate/language HTTP/1.1"


async def chosen(body: bytes) -> Answer:
    incoming = facts_of(exchange(LINE).head, peer="192.0.2.1", secure=False, trusted=())
    answer: Answer = await gate().own.answer(replace(incoming, body=body), "REF", NOW)
    return answer


@pytest.mark.parametrize("language", list(load_languages()))
async def test_the_browser_remembers_it_and_goes_back(language: str) -> None:
    answer = await chosen(f"lang={language}&to=/mail%3Fa%3Db".encode())
    headers = dict(answer.headers)
    assert (answer.status, headers["Location"]) == (303, "/mail?a=b")
    assert headers["Set-Cookie"].startswith(
        f"mailgate-language={language}; Path=/; Max-Age=31536000; HttpOnly"
    )


@pytest.mark.parametrize("body", [b"", b"lang=xx", b"lang=de%0d%0aX:y", b"lang=EN&to=/"])
async def test_an_unknown_language_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefused):
        await chosen(body)


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "javascript:alert(1)", ""])
async def test_a_chosen_language_leads_to_this_host_alone(to: str) -> None:
    assert dict((await chosen(f"lang=de&to={to}".encode())).headers)["Location"] == "/"


def test_a_chosen_language_goes_before_the_browsers() -> None:
    asked = {"accept-language": "fr"}
    assert requested_language(RequestFacts(headers=asked)) == "fr"
    assert (
        requested_language(RequestFacts(headers=asked | {"cookie": "a=b; mailgate-language=ja"})) == "ja,fr"
    )
    long = {"cookie": f"mailgate-language={'x' * 4000}"}
    assert len(requested_language(RequestFacts(headers=long))) == 20
