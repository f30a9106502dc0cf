"""Whom the probe is shown, and what a later request makes of what it found."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.gates import NOW

from mailgate.classify import classify
from mailgate.classify.probe_readings import HEADER, ProbeFinding
from mailgate.gateway.evaluate import browser_probe as module
from mailgate.gateway.evaluate.browser_probe import (
    REPEAT_AFTER,
    SETTLING,
    SKIPPED,
    BrowserProbe,
    Mode,
    ProbeCookie,
    is_current,
    seal,
    unseal,
)
from mailgate.model import Access, Assurance, Kind, Posture, RequestFacts
from mailgate.store import SharedKey

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
KEYS = [SharedKey(1, b"k" * 32, NOW - timedelta(days=30))]
PAGE_LOAD = {"user-agent": WINDOWS, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
COMPUTER, TABLET = ProbeFinding("desktop", "no-touch"), ProbeFinding("tablet", "touch-first", "android")


def browser_probe(mode=Mode.REQUIRE, **more):
    return BrowserProbe(mode, keys=KEYS, **more)


def facts(found=None, *, ago=timedelta(), method="GET", **headers):
    plain = RequestFacts(
        method=method, headers=PAGE_LOAD | {k.replace("_", "-"): v for k, v in headers.items()}
    )
    held = found if isinstance(found, list) else [found] if found else []
    cookies = [f"mailgate-probe={seal(ProbeCookie(each, NOW - ago), plain, KEYS)}" for each in held]
    return replace(plain, headers=plain.headers | {"cookie": "; ".join(["session=x", *cookies])})


def access(on, asked):
    return Access(asked, classify(on.with_earlier_finding(asked, NOW)), Posture(), NOW)


@pytest.mark.parametrize(
    ("mode", "found", "ago", "wanted"),
    [
        (Mode.OFF, None, 0, False),
        (Mode.OBSERVE, None, 0, True), (Mode.REQUIRE, None, 0, True),
        (Mode.OBSERVE, COMPUTER, 0, False), (Mode.REQUIRE, COMPUTER, 0, False),
        (Mode.REQUIRE, COMPUTER, 7 * 24 * 60, True),
        (Mode.OBSERVE, TABLET, 60, False), (Mode.REQUIRE, TABLET, 0, False), (Mode.REQUIRE, TABLET, 5, True),
        (Mode.OBSERVE, TABLET, 7 * 24 * 60, True), (Mode.REQUIRE, TABLET, 99 * 24 * 60, True),
        (Mode.OBSERVE, SKIPPED, 60, False), (Mode.REQUIRE, SKIPPED, 0, True),
    ],
)  # fmt: skip
def test_a_page_load_is_probed_until_something_was_found(mode, found, ago, wanted):
    on = browser_probe(mode)
    assert on.is_due(access(on, facts(found, ago=timedelta(minutes=ago)))) is wanted


@pytest.mark.parametrize(
    "asked",
    [
        facts(method="POST"),
        facts(method="HEAD"),
        facts(sec_fetch_mode="cors", sec_fetch_dest="empty"),
        facts(sec_fetch_dest="iframe"),
        facts(user_agent=IPHONE),
        facts(user_agent="curl/8.15.0"),
        facts(user_agent=""),
        replace(facts(), headers={"user-agent": WINDOWS, "accept": "*/*"}),
        replace(
            facts(), target="/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=A&DeviceType=WindowsOutlook15"
        ),
    ],
)
def test_nobody_else_is_probed(asked):
    on = browser_probe()
    assert not on.is_due(access(on, asked))


@pytest.mark.parametrize(
    ("mode", "found", "keeps"),
    [(Mode.REQUIRE, None, True), (Mode.REQUIRE, COMPUTER, False), (Mode.REQUIRE, TABLET, False), (Mode.OBSERVE, None, False)],
)  # fmt: skip
def test_mail_waits_for_the_probe_only_where_it_is_required_and_nothing_was_found(mode, found, keeps):
    on = browser_probe(mode)
    assert on.keeps_from_mail(access(on, facts(found, ago=timedelta(minutes=9)))) is keeps


def test_a_client_with_signed_evidence_is_not_probed():
    on = browser_probe()
    seen = access(on, facts())
    assert not on.is_due(replace(seen, client=replace(seen.client, assurance=Assurance.ATTESTED)))


@pytest.mark.parametrize(
    ("mode", "found", "kind", "probed", "contradicted"),
    [
        (Mode.REQUIRE, COMPUTER, Kind.LAPTOP, True, False),
        (Mode.OBSERVE, COMPUTER, Kind.LAPTOP, True, False),
        (Mode.REQUIRE, TABLET, Kind.TABLET, False, True),
        (Mode.OBSERVE, TABLET, Kind.LAPTOP, False, True),
        (Mode.OFF, TABLET, Kind.LAPTOP, False, False),
        (Mode.OBSERVE, SKIPPED, Kind.LAPTOP, False, False),
        (Mode.REQUIRE, None, Kind.LAPTOP, False, False),
        (Mode.REQUIRE, [COMPUTER, TABLET, COMPUTER], Kind.TABLET, False, True),
    ],
)
def test_every_request_is_weighed_with_what_was_found(mode, found, kind, probed, contradicted):
    on = browser_probe(mode)
    client = classify(on.with_earlier_finding(facts(found, method="POST"), NOW))
    assert (client.kind, client.probed, client.contradicted) == (kind, probed, contradicted)


def test_a_header_of_the_client_is_no_finding_of_the_probe():
    """The header is dropped on the way in (trust.py); here it would be believed."""
    assert HEADER not in browser_probe().with_earlier_finding(facts(), NOW).headers


@pytest.mark.parametrize("secure", [False, True])
def test_the_cookie_is_for_this_browser_and_for_the_set_time(secure):
    on = browser_probe(lifetime=timedelta(days=2))
    asked = replace(facts(), over_https=secure)
    value, *attributes = on.remember(COMPUTER, asked, NOW).split("; ")
    assert {"HttpOnly", "SameSite=Lax", f"Max-Age={2 * 86400}"} <= set(attributes)
    assert ("Secure" in attributes) is secure
    later = replace(asked, headers=asked.headers | {"cookie": value})
    assert classify(on.with_earlier_finding(later, NOW + timedelta(days=1))).probed
    assert not classify(on.with_earlier_finding(later, NOW + timedelta(days=2))).probed


def test_a_service_worker_is_probed_like_its_page():
    asked = facts(sec_fetch_dest="empty", accept="text/html,application/xhtml+xml")
    assert browser_probe().is_due(access(browser_probe(), asked))


def test_a_finding_of_no_computer_outlasts_its_lifetime():
    """A service worker may keep the page for good: its other requests are those of a tablet after any time."""
    on = browser_probe(lifetime=timedelta(days=2))
    value, *attributes = on.remember(TABLET, facts(), NOW).split("; ")
    assert f"Max-Age={400 * 86400}" in attributes
    fetched = facts(sec_fetch_mode="cors", sec_fetch_dest="empty")
    fetched = replace(fetched, headers=fetched.headers | {"cookie": value})
    assert classify(on.with_earlier_finding(fetched, NOW + timedelta(days=60))).handheld


def test_a_finding_of_no_computer_is_asked_again_before_the_cookie_ends():
    assert timedelta() < REPEAT_AFTER < BrowserProbe().lifetime


def test_a_cookie_is_opened_once_and_ends_in_its_time(monkeypatch):
    opened = []
    monkeypatch.setattr(module, "unseal", lambda *given: opened.append(given) or unseal(*given))
    on, asked = browser_probe(lifetime=timedelta(hours=1)), facts(COMPUTER)
    held = [HEADER in on.with_earlier_finding(asked, NOW + timedelta(minutes=m)).headers for m in (0, 30, 60)]
    assert (held, len(opened)) == ([True, True, False], 1)
    elsewhere = replace(asked, headers=asked.headers | {"user-agent": "Mozilla/5.0"})
    assert HEADER not in on.with_earlier_finding(elsewhere, NOW).headers


NOW_PROBE_COOKIE = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
WEEK = timedelta(days=7)
BROWSER = RequestFacts(headers={"user-agent": "Mozilla/5.0 \xff", "sec-ch-ua-platform": '"Windows"'})
IPAD = ProbeCookie(ProbeFinding("tablet", "mac-with-touch", "ipados"), NOW_PROBE_COOKIE)
LAPTOP = ProbeCookie(ProbeFinding("desktop", "no-touch"), NOW_PROBE_COOKIE)


@dataclass
class Key:
    secret: bytes
    made_at: datetime = NOW_PROBE_COOKIE - timedelta(days=40)


OLD, NEW = Key(b"o" * 32), Key(b"n" * 32, NOW_PROBE_COOKIE)


def opened(value, *, facts=BROWSER, keys=(OLD,), now=NOW_PROBE_COOKIE, lifetime=WEEK):
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
    given = ProbeCookie(found, NOW_PROBE_COOKIE)
    assert opened(seal(given, BROWSER, [OLD])) == given


def test_the_cookie_holds_the_verdict_and_no_reading():
    version, issued, form, by, system, hint, mac = seal(IPAD, BROWSER, [OLD]).split(".")
    assert (version, issued) == ("1", str(int(NOW_PROBE_COOKIE.timestamp())))
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
    "each", [LAPTOP, ProbeCookie(ProbeFinding("", "skipped"), NOW_PROBE_COOKIE)], ids=["a reading", "skipped"]
)
def test_a_cookie_ends_with_its_time(later, holds, each):
    assert (opened(seal(each, BROWSER, [OLD]), now=NOW_PROBE_COOKIE + later) is not None) is holds


def test_one_of_no_computer_is_kept_until_it_is_asked_again():
    """Behind a page that a service worker has kept nothing asks it again."""
    sealed = seal(IPAD, BROWSER, [OLD])
    assert opened(sealed, now=NOW_PROBE_COOKIE + 50 * WEEK) == IPAD
    assert opened(sealed, now=NOW_PROBE_COOKIE - timedelta(minutes=2)) is None


def test_a_shorter_lifetime_counts_at_once():
    sealed = seal(LAPTOP, BROWSER, [OLD])
    assert opened(sealed, now=NOW_PROBE_COOKIE + timedelta(hours=2), lifetime=timedelta(hours=1)) is None


@pytest.mark.parametrize("keys", [[NEW], []], ids=["another", "none"])
def test_another_key_does_not_open_it(keys):
    assert opened(seal(IPAD, BROWSER, [OLD]), keys=keys) is None


def test_a_new_key_opens_at_once_and_seals_once_every_gate_knows_it():
    both = [NEW, OLD]
    assert opened(seal(IPAD, BROWSER, both), keys=[OLD]) == IPAD
    assert opened(seal(IPAD, BROWSER, [NEW]), keys=both) == IPAD
    settled = replace(NEW, made_at=NOW_PROBE_COOKIE - SETTLING)
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
