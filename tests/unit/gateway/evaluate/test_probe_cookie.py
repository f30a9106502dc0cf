"""The probe's cookie: only this gate's, only for this browser, only for a while."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.classify.probe_readings import ProbeFinding
from mailgate.gateway.evaluate.probe_cookie import SETTLING, ProbeCookie, is_current, seal, unseal
from mailgate.model import RequestFacts

NOW = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
WEEK = timedelta(days=7)
BROWSER = RequestFacts(headers={"user-agent": "Mozilla/5.0 \xff", "sec-ch-ua-platform": '"Windows"'})
IPAD = ProbeCookie(ProbeFinding("tablet", "mac-with-touch", "ipados"), NOW)
LAPTOP = ProbeCookie(ProbeFinding("desktop", "no-touch"), NOW)


@dataclass
class Key:
    secret: bytes
    made_at: datetime = NOW - timedelta(days=40)


OLD, NEW = Key(b"o" * 32), Key(b"n" * 32, NOW)


def opened(value, *, facts=BROWSER, keys=(OLD,), now=NOW, lifetime=WEEK):
    given = unseal(value, facts, keys)
    return given if given and is_current(given, now, lifetime) else None


def claiming(**headers):
    return RequestFacts(
        headers={**BROWSER.headers, **{name.replace("_", "-"): text for name, text in headers.items()}}
    )


@pytest.mark.parametrize(
    "found", [IPAD.found, ProbeFinding("desktop", "no-touch"), ProbeFinding("", "skipped")]
)
def test_a_sealed_finding_is_opened_again(found):
    given = ProbeCookie(found, NOW)
    assert opened(seal(given, BROWSER, [OLD])) == given


def test_the_cookie_holds_the_verdict_and_no_reading():
    version, issued, form, by, system, hint, mac = seal(IPAD, BROWSER, [OLD]).split(".")
    assert (version, issued) == ("1", str(int(NOW.timestamp())))
    assert (form, by, system) == IPAD.found
    assert (len(hint), len(mac)) == (8, 43)


@pytest.mark.parametrize(
    ("facts", "fits"),
    [
        (BROWSER, True),
        (claiming(user_agent="Mozilla/5.0"), False),
        (claiming(sec_ch_ua_platform='"macOS"'), False),
        (RequestFacts(headers={"user-agent": BROWSER.user_agent}), True),
        (RequestFacts(), False),
    ],
)
def test_a_copy_is_worth_nothing_in_another_browser(facts, fits):
    """A WebSocket handshake carries no hints: what is not sent does not speak against it."""
    assert (opened(seal(IPAD, BROWSER, [OLD]), facts=facts) is not None) is fits


def test_one_given_without_hints_is_not_for_a_browser_that_sends_them():
    plain = RequestFacts(headers={"user-agent": BROWSER.user_agent})
    assert opened(seal(IPAD, plain, [OLD]), facts=plain) == IPAD
    assert opened(seal(IPAD, plain, [OLD])) is None


@pytest.mark.parametrize(
    ("later", "holds"),
    [
        (timedelta(), True), (WEEK - timedelta(seconds=1), True), (WEEK, False),
        (-timedelta(minutes=1), True), (-timedelta(minutes=2), False),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "each", [LAPTOP, ProbeCookie(ProbeFinding("", "skipped"), NOW)], ids=["a reading", "skipped"]
)
def test_a_cookie_ends_with_its_time(later, holds, each):
    assert (opened(seal(each, BROWSER, [OLD]), now=NOW + later) is not None) is holds


def test_one_of_no_computer_is_kept_until_it_is_asked_again():
    """Behind a page that a service worker has kept nothing asks it again."""
    sealed = seal(IPAD, BROWSER, [OLD])
    assert opened(sealed, now=NOW + 50 * WEEK) == IPAD
    assert opened(sealed, now=NOW - timedelta(minutes=2)) is None


def test_a_shorter_lifetime_counts_at_once():
    sealed = seal(LAPTOP, BROWSER, [OLD])
    assert opened(sealed, now=NOW + timedelta(hours=2), lifetime=timedelta(hours=1)) is None


@pytest.mark.parametrize("keys", [[NEW], []], ids=["another", "none"])
def test_another_key_does_not_open_it(keys):
    assert opened(seal(IPAD, BROWSER, [OLD]), keys=keys) is None


def test_a_new_key_opens_at_once_and_seals_once_every_gate_knows_it():
    both = [NEW, OLD]
    assert opened(seal(IPAD, BROWSER, both), keys=[OLD]) == IPAD
    assert opened(seal(IPAD, BROWSER, [NEW]), keys=both) == IPAD
    settled = replace(NEW, made_at=NOW - SETTLING)
    assert opened(seal(IPAD, BROWSER, [settled, OLD]), keys=[OLD]) is None


@given(st.data())
def test_a_changed_byte_breaks_the_seal(data):
    value = seal(IPAD, BROWSER, [OLD])
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(max_codepoint=0x7F).filter(lambda letter: letter != value[at]))
    assert opened(value[:at] + other + value[at + 1 :]) is None


@given(st.text() | st.binary(max_size=400).map(lambda raw: raw.decode("latin-1")))
def test_no_other_cookie_is_opened(value):
    assert opened(value) is None
