"""Whom the probe is shown, and what a later request makes of what it found."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.classify import classify
from mailgate.classify.probe_readings import HEADER, ProbeFinding
from mailgate.gateway.evaluate import browser_probe as module
from mailgate.gateway.evaluate import probe_cookie
from mailgate.gateway.evaluate.browser_probe import REPEAT_AFTER, SKIPPED, BrowserProbe, Mode
from mailgate.gateway.evaluate.probe_cookie import ProbeCookie, seal
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
    monkeypatch.setattr(module, "unseal", lambda *given: opened.append(given) or probe_cookie.unseal(*given))
    on, asked = browser_probe(lifetime=timedelta(hours=1)), facts(COMPUTER)
    held = [HEADER in on.with_earlier_finding(asked, NOW + timedelta(minutes=m)).headers for m in (0, 30, 60)]
    assert (held, len(opened)) == ([True, True, False], 1)
    elsewhere = replace(asked, headers=asked.headers | {"user-agent": "Mozilla/5.0"})
    assert HEADER not in on.with_earlier_finding(elsewhere, NOW).headers
