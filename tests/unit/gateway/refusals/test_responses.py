"""From a decision to what the caller gets: design of refusals, RFC 9457."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.gateway.gates import PAGES
from tests.unit.policy.examples import policy_of

from mailgate.gateway.pages.employee import EmployeeView
from mailgate.gateway.refusals.responses import ResponseBuilder, needs_warning, warned_cookie, warned_mark
from mailgate.model import (
    Access,
    AttestationResult,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
)
from mailgate.model.device import Witness
from mailgate.policy.simulate.judge import OccasionJudge

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RESPONSES = ResponseBuilder(PAGES, "mail.example.com", "en")
NAVIGATION = {"accept": "text/html", "sec-fetch-mode": "navigate"}
DECISION = Decision(
    Effect.BLOCK, Reason.PROHIBITED_APP, "no-tiktok", "v1", title="No <TikTok>", fix="remove-app",
    contact="it-help@example.com", apps=("TikTok",),
)  # fmt: skip


def access(headers=None, *, method="GET", target="/mail?a=b&c=%20", protocol=Protocol.WEB):
    facts = RequestFacts(method=method, target=target, headers=headers or {})
    return Access(facts, Client(Kind.PHONE, handheld=True, os="ios", protocol=protocol), Posture(), NOW)


def headers_of(answer):
    return {name.lower(): value for name, value in answer.headers}


def test_a_person_gets_a_page_that_says_why_and_what_to_do():
    answer = RESPONSES.refuse(access(NAVIGATION), DECISION, "REF2345")
    page, headers = answer.body.decode(), headers_of(answer)
    assert (answer.status, answer.content_type) == (403, "text/html; charset=utf-8")
    for words in ("TikTok", "REF2345", "it-help@example.com", "/.mailgate/status"):
        assert words in page
    assert headers["x-device-reason"] == "prohibited-app"
    assert headers["content-language"] == "en"
    assert headers["vary"] == "Accept-Language"
    assert "unsafe-inline" not in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("agent", "link"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
            "https://one.example.com/",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
            "https://two.example.com/?a=1&amp;b=2",
        ),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", ""),
    ],
)
def test_the_extension_is_linked_to_where_there_is_one_for_this_browser(agent, link):
    pages = {"firefox": "https://one.example.com/", "chromium": "https://two.example.com/?a=1&b=2"}
    decision = replace(DECISION, reason=Reason.ATTESTATION_REQUIRED, fix="get-extension", apps=())
    responses = replace(RESPONSES, extension_pages=pages)
    page = responses.refuse(access({**NAVIGATION, "user-agent": agent}), decision, "R").body.decode()
    assert ("the store of your browser</a>" in page) is bool(link)
    assert ("open your mail in Chrome, Edge or Firefox" in page) is not bool(link)
    assert "load it unpacked" not in page
    assert f'<a href="{link}" target="_blank" rel="noreferrer">' in page or not link


CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"
ASKS_FOR_PROOF = replace(
    DECISION, effect=Effect.CHALLENGE, reason=Reason.ATTESTATION_REQUIRED, fix="get-extension", apps=()
)


def test_a_browser_that_takes_no_extension_is_told_of_other_ways_that_exist():
    asking = access({**NAVIGATION, "user-agent": SAFARI})
    page = replace(RESPONSES, certificates=True).refuse(asking, ASKS_FOR_PROOF, "R").body.decode()
    assert "One of these is enough" in page
    assert "put its certificate here" in page
    assert "set-up" not in page
    assert "put its certificate here" not in RESPONSES.refuse(asking, ASKS_FOR_PROOF, "R").body.decode()


@pytest.mark.parametrize(
    ("cookie", "refused", "fix", "soon"),
    [
        ("mailgate-proved=1", None, "get-extension", True),
        ("roundcube=a; mailgate-proved=1", None, "get-extension", True),
        ("", None, "get-extension", False),
        # a proof that came and was refused is not about to come
        ("mailgate-proved=1", Reason.KEY_REVOKED, "get-extension", False),
        # nothing that an extension could end
        ("mailgate-proved=1", None, "ask", False),
    ],
)
def test_a_browser_that_proved_itself_before_is_asked_to_wait_a_moment(cookie, refused, fix, soon):
    asking = access({**NAVIGATION, "user-agent": CHROME, "cookie": cookie})
    attestation = AttestationResult(refused=refused) if refused else None
    decision = replace(ASKS_FOR_PROOF, fix=fix)
    answer = RESPONSES.refuse(replace(asking, attestation=attestation), decision, "R")
    page = answer.body.decode()
    assert ('id="moment"' in page) is soon
    assert ("Company mail is paused on this phone" in page, answer.status) == (True, 403)


def test_a_page_speaks_the_readers_language():
    answer = RESPONSES.refuse(access({**NAVIGATION, "accept-language": "de-CH, en;q=0.5"}), DECISION, "R")
    assert headers_of(answer)["content-language"] == "de"


@pytest.mark.parametrize(
    "headers", [{}, {"accept": "application/json"}, {**NAVIGATION, "sec-fetch-mode": "cors"}]
)
def test_a_program_gets_a_problem_document(headers):
    """RFC 9457, 3."""
    answer = RESPONSES.refuse(access(headers), DECISION, "REF2345")
    problem = json.loads(answer.body)
    assert (answer.status, answer.content_type) == (403, "application/problem+json")
    assert headers_of(answer) == {"x-device-reason": "prohibited-app"}
    assert problem.pop("detail")
    assert problem.pop("title")
    assert problem == {
        "type": "urn:mailgate:reason:prohibited-app",
        "status": 403,
        "reason": "prohibited-app",
        "reference": "REF2345",
        "apps": ["TikTok"],
    }


@pytest.mark.parametrize("headers", [NAVIGATION, {"accept": "application/json"}])
@pytest.mark.parametrize("warned", [False, True])
def test_where_a_browser_goes_by_its_person_no_text_is_about_this_device(headers, warned):
    """The app may be on another of their phones, and the look that found it too."""
    asked = access(headers)
    known = replace(asked.posture, by_person=True, reported_at=NOW, source="intune")
    decision = replace(DECISION, fix="", effect=Effect.WARN if warned else Effect.BLOCK)
    answer = RESPONSES.warn if warned else RESPONSES.refuse
    text = answer(replace(asked, posture=known), decision, "REF2345").body.decode()
    assert "your phones and tablets" in text or "phone or tablet of yours" in text
    assert not re.search("found on this device|Last looked at", text, re.IGNORECASE)


@pytest.mark.parametrize("headers", [{}, NAVIGATION])
def test_a_mail_app_gets_the_status_alone(headers):
    """Never HTML to ActiveSync."""
    answer = RESPONSES.refuse(access(headers, protocol=Protocol.ACTIVESYNC), DECISION, "R")
    assert (answer.status, answer.body, answer.content_type) == (403, b"", "")
    assert headers_of(answer) == {"x-device-reason": "prohibited-app"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason):
    answer = RESPONSES.refuse(access(), replace(DECISION, reason=reason, apps=(), title=""), "R")
    assert all(json.loads(answer.body)[key] for key in ("title", "detail"))


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (RequestFacts(headers=NAVIGATION), "text/html; charset=utf-8"),
        (RequestFacts(), "application/problem+json"),
    ],
)
def test_an_error_comes_in_the_same_two_forms(facts, kind):
    answer = RESPONSES.error(facts, 502, Reason.UPSTREAM_UNREACHABLE, "REF2345", NOW)
    assert (answer.status, answer.content_type) == (502, kind)
    assert b"REF2345" in answer.body


def test_an_errors_detail_is_for_programs():
    answer = RESPONSES.error(RequestFacts(), 400, Reason.REQUEST_MALFORMED, "R", NOW, "A line is odd.")
    assert json.loads(answer.body)["detail"] == "A line is odd."


def test_a_warning_is_a_page_with_the_way_on():
    answer = RESPONSES.warn(access(NAVIGATION), DECISION, "R")
    assert answer.status == 200
    _, begin, rest = answer.body.decode().partition("/.mailgate/continue")
    link = begin + rest.partition('"')[0].replace("&amp;", "&")
    query = parse_qs(urlsplit(link).query)
    assert urlsplit(link).path == "/.mailgate/continue"
    assert query == {"rule": [warned_mark(DECISION)], "to": ["/mail?a=b&c=%20"]}


MARK = warned_mark(DECISION)


@pytest.mark.parametrize(
    ("cookie", "warns"),
    [
        (None, True),
        ("", True),
        ("mailgate-warned=", True),
        ("mailgate-warned=0123456789abcdef", True),
        (f"x-mailgate-warned={MARK}", True),
        (f"mailgate-warned={MARK}", False),
        (f"a=b; mailgate-warned={MARK}; c=d", False),
        (f"a=b;mailgate-warned={MARK}", False),
        (f"a=b, mailgate-warned={MARK}", True),
        (f'prefs[a]=1; q={{"x": 1}}; "; mailgate-warned={MARK}', False),
        (f"mailgate-warned=0; mailgate-warned={MARK}", False),
    ],
)
def test_a_warning_is_shown_once(cookie, warns):
    """Whatever other cookies a webmail sets: one that is odd must not bring the warning back for ever."""
    headers = NAVIGATION if cookie is None else {**NAVIGATION, "cookie": cookie}
    assert needs_warning(access(headers), DECISION) is warns


@pytest.mark.parametrize("changes", [{"rule": "other"}, {"policy_version": "v2"}])
def test_another_rule_or_policy_warns_again(changes):
    warned = access({**NAVIGATION, "cookie": f"mailgate-warned={MARK}"})
    assert needs_warning(warned, replace(DECISION, **changes))


@pytest.mark.parametrize(
    "asked",
    [
        access({}, method="GET"),
        access(NAVIGATION, method="POST"),
        access({**NAVIGATION, "sec-fetch-mode": "cors"}),
        access({**NAVIGATION, "sec-fetch-dest": "iframe"}),
        access(NAVIGATION, protocol=Protocol.DAV),
        access(NAVIGATION, protocol=Protocol.ACTIVESYNC),
    ],
)
def test_only_a_page_load_of_the_web_is_interrupted(asked):
    assert not needs_warning(asked, DECISION)


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_of_a_warning_is_bound_to_its_host(secure):
    """RFC 6265, 4.1.2."""
    name, *attributes = warned_cookie(MARK, timedelta(hours=3), RequestFacts(over_https=secure)).split("; ")
    assert name == f"{'__Host-' * secure}mailgate-warned={MARK}"
    assert {"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=10800"} <= set(attributes)
    assert ("Secure" in attributes) is secure


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "intune",
            "Last looked at by intune: yesterday, 9:12 AM UTC. A change is usually seen within 8 hours.",
        ),
        ("https://mdm.example.com", "Last looked at by mdm.example.com: yesterday, 9:12 AM UTC."),
        ("enrolled", ""),
    ],
)
def test_a_refusal_that_rests_on_a_look_says_who_looked_and_when(source, told):
    responses = replace(RESPONSES, seen_within={"intune": timedelta(hours=8)})
    looked = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)
    posture = Posture(source="jamf", reported_at=looked, witness=Witness(source, looked))
    asked = replace(access(NAVIGATION), posture=posture)
    page = responses.refuse(asked, DECISION, "REF2345").body.decode()
    text = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert (told in text) if told else ("Last looked" not in text)
    never = replace(DECISION, reason=Reason.KIND_REFUSED)
    assert "Last looked" not in responses.refuse(asked, never, "REF2345").body.decode()


HANDHELDS = {"when": "client.handheld"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", True), (" && !client.contradicted", True), (' && "sales" in user.groups', False),
        (" && attestation.valid", False), (" && false", False),
    ],
)  # fmt: skip
def test_a_person_is_told_of_laptops_only_if_every_one_is_let_in(more, told):
    laptops = {"when": f'client.kind == "laptop"{more}', "effect": "allow"}
    responses = replace(RESPONSES, laptops=OccasionJudge(policy_of(laptops, HANDHELDS)))
    page = responses.refuse(access(NAVIGATION), DECISION, "REF2345").body.decode()
    assert ("laptop browser is not affected" in page) is told
    assert "laptop browser" not in RESPONSES.refuse(access(NAVIGATION), DECISION, "REF2345").body.decode()


def test_check_again_stands_behind_the_steps():
    page = RESPONSES.refuse(access(NAVIGATION), DECISION, "REF2345").body.decode()
    assert page.index('id="fix"') < page.index('id="check"')


def test_without_a_contact_in_the_rule_the_companys_help_is_named():
    responses = replace(RESPONSES, help_address="help@example.com")
    nobody = replace(DECISION, contact="")
    assert "mailto:help@example.com" in responses.refuse(access(NAVIGATION), nobody, "R").body.decode()
    assert "mailto:it-help@example.com" in responses.refuse(access(NAVIGATION), DECISION, "R").body.decode()
    failed = responses.error(access(NAVIGATION).facts, 502, Reason.UPSTREAM_UNREACHABLE, "R", NOW)
    assert "mailto:help@example.com" in failed.body.decode()


def test_a_browser_of_no_known_device_reads_so_and_the_ways_that_the_company_offers():
    unknown = replace(DECISION, reason=Reason.POSTURE_MISSING, apps=(), fix="")
    offering = replace(RESPONSES, choices=("company-phone", "management-app"), certificates=True)
    page = offering.refuse(access(NAVIGATION), unknown, "R").body.decode()
    assert "We cannot tell which device this browser is on" in page
    assert "One of these is enough:" in page
    assert "put its certificate here" in page
    assert "On a phone of your company" in page
    assert (
        "On a phone of your company" not in RESPONSES.refuse(access(NAVIGATION), unknown, "R").body.decode()
    )


def test_a_laptop_is_named_once_among_the_ways():
    laptops = {"when": 'client.kind == "laptop"', "effect": "allow"}
    responses = replace(RESPONSES, laptops=OccasionJudge(policy_of(laptops, HANDHELDS)))
    partly = replace(DECISION, reason=Reason.POSTURE_PARTIAL, apps=(), fix="")
    page = responses.refuse(access(NAVIGATION), partly, "R").body.decode()
    assert page.count("laptop") == 1


def test_ways_are_told_apart_from_steps_on_every_page_and_in_mails():
    offering = replace(RESPONSES, choices=("company-phone", "reporter"))
    partly = replace(DECISION, reason=Reason.POSTURE_PARTIAL, apps=(), fix="")
    view = replace(offering.view(access(NAVIGATION), partly, "R"), os="android")
    mail = PAGES.refusal_mail(view).text
    assert "One of these is enough:\n- With your company’s check app" in mail
    for page in (PAGES.page("refusal", view).html, PAGES.me(EmployeeView(here=view)).html):
        assert re.search('One of these is enough:</p>\\s*<ul class="dots">', page)
