"""Whether Basic credentials are believed: only where the webmail tells right from wrong, and not over and over."""

import asyncio
import base64
import itertools
from datetime import timedelta

import pytest
from tests.unit.clock import Clock
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import exchange, facts_of
from tests.unit.http.proxy.test_upstream import connected

from mailgate.gateway.selfservice.login_check import (
    BLOCK_SECONDS,
    MAX_WRONG_LOGINS,
    RESULT_SECONDS,
    WEBMAIL_CHECK_SECONDS,
    LoginCheck,
    LoginResult,
)
from mailgate.http.proxy.upstream import UpstreamUnreachable

OPTIONS = (b"OPTIONS", b"/Microsoft-Server-ActiveSync")
PASSWORDS = {"alice": "right", "bob": "horse"}


class Mail:
    """A webmail with two people in it; ``answers`` is what it says to whom it knows, to others, and to nobody."""

    def __init__(self, *, known=200, stranger=401, nobody=401, challenge='Basic realm="mail"'):
        self.known, self.stranger, self.nobody, self.challenge = known, stranger, nobody, challenge
        self.asked = []
        self.down = False

    async def connect(self):
        if self.down:
            raise UpstreamUnreachable("down")
        connection = connected(None)
        write = connection.write
        connection.write = lambda data: (write(data), connection.data_received(self.answer(data)))
        return connection

    def answer(self, request):
        head = request.decode()
        self.asked.append(head)
        lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        status = self.nobody
        if "Authorization" in lines:
            name, _, password = base64.b64decode(lines["Authorization"][6:]).decode().partition(":")
            status = self.known if PASSWORDS.get(name) == password else self.stranger
        challenge = f"WWW-Authenticate: {self.challenge}\r\n" if status == 401 and self.challenge else ""
        return f"HTTP/1.1 {status} X\r\n{challenge}Content-Length: 0\r\n\r\n".encode()

    @property
    def logins(self):
        """How often each name came, made-up ones as one."""
        found = [
            line for head in self.asked for line in head.split("\r\n") if line.startswith("Authorization")
        ]
        names = [base64.b64decode(line[21:]).decode().partition(":")[0] for line in found]
        return ["stranger" if name.startswith("mailgate-") else name for name in names]


def check_of(mail, clock=None):
    numbers = itertools.count(10**12)
    return LoginCheck(mail, OPTIONS, b"mail.example.com", clock or Clock(NOW), lambda: str(next(numbers)))


def basic(name="alice", password="right"):
    return b"Authorization: Basic " + base64.b64encode(f"{name}:{password}".encode())


def asking(*fields, peer="192.0.2.7", trusted=()):
    return facts_of(
        exchange(b"GET /.mailgate/me HTTP/1.1", *fields).head, peer=peer, secure=False, trusted=trusted
    )


async def test_a_login_is_right_if_the_webmail_accepts_it_and_refuses_others():
    mail = Mail()
    assert await check_of(mail).look(asking(basic())) is LoginResult.RIGHT
    assert mail.logins == ["stranger", "alice"]
    assert len(mail.asked) == 3


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::1", "unix"])
async def test_a_wrong_password_is_wrong(peer):
    assert await check_of(Mail()).look(asking(basic(password="guess"), peer=peer)) is LoginResult.WRONG


@pytest.mark.parametrize(
    "mail",
    [
        Mail(nobody=200),
        Mail(nobody=302),
        Mail(nobody=403),
        Mail(challenge=""),
        Mail(challenge="Negotiate"),
        Mail(stranger=200),
        Mail(stranger=500),
        Mail(stranger=302),
    ],
)
async def test_a_webmail_that_does_not_check_logins_is_not_asked(mail):
    check = check_of(mail)
    assert await check.look(asking(basic())) is LoginResult.UNTOLD
    assert "alice" not in mail.logins
    assert await check.offered(asking()) is False


@pytest.mark.parametrize("status", [302, 403, 404, 429, 500, 503])
async def test_only_a_success_is_one(status):
    assert await check_of(Mail(known=status)).look(asking(basic())) is LoginResult.UNTOLD


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (b"Authorization: Bearer YWxpY2U6cmlnaHQ=",),
        (b"Authorization: Basic",),
        (b"Authorization: Basic " + base64.b64encode(b"alice"),),
        (b"Authorization: Basic " + base64.b64encode(b"al\nice:right"),),
        (b"Cookie: session=alice",),
    ],
)
async def test_an_incomplete_login_is_none(fields):
    mail = Mail()
    assert await check_of(mail).look(asking(*fields)) is LoginResult.NONE
    assert mail.asked == []


async def test_the_webmail_sees_the_credentials_where_they_come_from_and_no_cookie():
    mail = Mail()
    fields = (
        b"User-Agent: phone",
        b"Cookie: session=1",
        b"X-Forwarded-User: eve",
        b"X-Forwarded-For: 203.0.113.9",
    )
    await check_of(mail).look(asking(basic(), *fields))
    head = mail.asked[-1]
    assert head.startswith("OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\r\nHost: mail.example.com\r\n")
    assert "User-Agent: phone\r\n" in head
    assert "X-Forwarded-For: 192.0.2.7\r\n" in head
    assert "session" not in head
    assert "eve" not in head


async def test_the_same_credentials_are_asked_about_once_a_minute():
    mail, clock = Mail(), Clock(NOW)
    check = check_of(mail, clock)
    for _ in range(3):
        assert await check.look(asking(basic())) is LoginResult.RIGHT
    assert mail.logins == ["stranger", "alice"]
    clock.now -= timedelta(hours=8)  # a clock that was ahead makes no answer count longer
    assert await check.look(asking(basic())) is LoginResult.RIGHT
    clock.now += timedelta(seconds=RESULT_SECONDS + 1)
    PASSWORDS["alice"] = "changed"
    try:
        assert await check.look(asking(basic())) is LoginResult.WRONG
    finally:
        PASSWORDS["alice"] = "right"


async def test_the_login_check_is_tried_again_every_ten_minutes():
    mail, clock = Mail(), Clock(NOW)
    check = check_of(mail, clock)
    assert await check.offered(asking()) is True
    assert await check.offered(asking()) is True
    assert mail.logins == ["stranger"]
    clock.now += timedelta(seconds=WEBMAIL_CHECK_SECONDS + 1)
    assert await check.offered(asking()) is True
    assert mail.logins == ["stranger", "stranger"]


async def test_guesses_at_one_name_are_limited():
    mail, clock = Mail(), Clock(NOW)
    check = check_of(mail, clock)
    for number in range(MAX_WRONG_LOGINS):
        guess = asking(basic(password=f"guess{number}"), peer=f"192.0.2.{number}")
        assert await check.look(guess) is LoginResult.WRONG
    assert await check.look(asking(basic(name="ALICE"), peer="198.51.100.1")) is LoginResult.TOO_MANY
    assert mail.logins.count("alice") == MAX_WRONG_LOGINS
    assert await check.look(asking(basic("bob", "horse"), peer="198.51.100.1")) is LoginResult.RIGHT
    clock.now += timedelta(seconds=BLOCK_SECONDS + 1)
    assert await check.look(asking(basic())) is LoginResult.RIGHT


async def test_many_guesses_at_once_are_no_more_than_a_few():
    mail = Mail()
    check = check_of(mail)
    guesses = [check.look(asking(basic(password=f"guess{number}"))) for number in range(5 * MAX_WRONG_LOGINS)]
    answers = await asyncio.gather(*guesses)
    assert answers.count(LoginResult.WRONG) == MAX_WRONG_LOGINS
    assert set(answers) == {LoginResult.WRONG, LoginResult.TOO_MANY}
    assert mail.logins.count("alice") == MAX_WRONG_LOGINS


@pytest.mark.parametrize("peers", [["192.0.2.7"], ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"]])
async def test_guesses_from_one_address_are_limited(peers):
    check = check_of(Mail())
    from_there = itertools.cycle(peers)
    for number in range(MAX_WRONG_LOGINS):
        assert await check.look(asking(basic(f"user{number}"), peer=next(from_there))) is LoginResult.WRONG
    assert await check.look(asking(basic(), peer=next(from_there))) is LoginResult.TOO_MANY
    assert await check.look(asking(basic(), peer="198.51.100.1")) is LoginResult.RIGHT


async def test_right_logins_are_never_too_many():
    check, clock = check_of(Mail(), clock := Clock(NOW)), clock
    for _ in range(3 * MAX_WRONG_LOGINS):
        clock.now += timedelta(seconds=RESULT_SECONDS + 1)
        assert await check.look(asking(basic())) is LoginResult.RIGHT


async def test_a_webmail_that_is_down_is_left_alone_for_a_minute():
    mail, clock = Mail(), Clock(NOW)
    mail.down = True
    check = check_of(mail, clock)
    assert await check.look(asking(basic())) is LoginResult.UNTOLD
    mail.down = False
    assert await check.look(asking(basic())) is LoginResult.UNTOLD
    assert mail.asked == []
    clock.now += timedelta(seconds=WEBMAIL_CHECK_SECONDS / 10 + 1)
    assert await check.look(asking(basic())) is LoginResult.RIGHT
