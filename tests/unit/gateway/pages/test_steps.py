from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailgate.gateway.pages.proofs import wordings
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.steps import FIXES, are_ways, in_language, off_page, steps_of
from mailgate.gateway.pages.view import ExactCause, View
from mailgate.model import Kind, Reason, Update
from mailgate.policy.rules import FIXES as FIXES_OF_RULES
from mailgate.policy.written import LocalizedText


def first_words(view: View) -> str:
    steps = steps_of(view)
    return steps if isinstance(steps, str) else steps[0]


@pytest.mark.parametrize(
    ("os", "words"),
    [
        ("ios", "swipe left past your last Home Screen page"),
        ("ipados", "at the end of the Dock"),
        ("android", "Open “Settings” and tap “Apps”"),
        ("", "Open the settings of your device"),
        ("kaios", "Open the settings of your device"),
    ],
)
def test_an_app_is_removed_in_the_words_of_the_system(blocked: View, os: str, words: str) -> None:
    assert words in first_words(replace(blocked, os=os))


@pytest.mark.parametrize(
    ("reason", "fix", "apps", "words"),
    [
        (Reason.POSTURE_MISSING, "", (), "If your company’s management app is not on this device yet"),
        (Reason.POSTURE_STALE, "", (), "Make sure that this device is online."),
        (Reason.POSTURE_UNAVAILABLE, "", (), "There is nothing to do on your device."),
        (Reason.KIND_REFUSED, "", (), "Open your mail in a browser on a laptop"),
        (Reason.UPDATE_REQUIRED, "", (), "Update your browser and the system"),
        (Reason.RULE_MATCHED, "update", (), "Update your browser and the system"),
        (Reason.VERSION_UNKNOWN, "", (), "Use an up-to-date browser"),
        (Reason.EXTENSION_REQUIRED, "", (), "If your company looks after this browser"),
        (Reason.INTERNAL_ERROR, "", (), "There is nothing to do on your device."),
        (Reason.TOKEN_EXPIRED, "", (), "Make sure that this device is online."),
        # a rule's own fix wins, in our words or its own
        (Reason.RULE_MATCHED, "report-again", (), "Make sure that this device is online."),
        (Reason.ATTESTATION_REQUIRED, "get-extension", (), "If your company looks after this browser"),
        (Reason.RULE_MATCHED, "Call the front desk.", (), "Call the front desk."),
        # there is no app to remove
        (
            Reason.POSTURE_MISSING,
            "remove-app",
            (),
            "If your company’s management app is not on this device yet",
        ),
        (Reason.PROHIBITED_APP, "remove-app", (), "Ask for help"),
    ],
)
def test_the_steps_fit_the_cause(
    blocked: View, reason: Reason, fix: str, apps: tuple[str, ...], words: str
) -> None:
    assert first_words(replace(blocked, reason=reason, fix=fix, apps=apps)).startswith(words)


def test_every_reason_for_which_a_rule_refuses_names_the_steps_that_end_it() -> None:
    named = {reason: each.fix for reason, each in wordings("decided", Reason).items()}
    assert {reason: fix for reason, fix in named.items() if fix not in FIXES} == {}


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (Update("browser", "Chrome", "142"), "Update %(software)s to version %(version)s or newer."),
        (Update("system", "macOS", "26"), "Open the settings of your device and update %(software)s"),
        (Update("extension", "", "0.2"), "Restart the browser. It then looks for a newer version"),
        (Update("browser", "", "142"), "Update your browser and the system"),
        (None, "Update your browser and the system"),
    ],
)
def test_the_steps_of_an_update_name_what_is_too_old(
    blocked: View, update: Update | None, words: str
) -> None:
    assert first_words(replace(blocked, reason=Reason.UPDATE_REQUIRED, update=update)).startswith(words)


@pytest.mark.parametrize("fix", ["", "remove-app", "report-again"])
@pytest.mark.parametrize("reason", [Reason.PROHIBITED_APP, Reason.POSTURE_STALE, Reason.POSTURE_MISSING])
def test_where_a_browser_goes_by_its_person_the_cause_may_be_on_another_device(
    blocked: View, reason: Reason, fix: str
) -> None:
    """So the steps lead to the page with all of them, unless the rule has its own."""
    by_person = replace(blocked, by_person=True, reason=reason, fix=fix)
    assert first_words(by_person).startswith("“Your devices, and what is stored about you”")
    assert off_page(steps_of(by_person)) == ()
    assert first_words(replace(by_person, fix="Call the front desk.")) == "Call the front desk."


ALL = ("laptop", "reporter", "company-phone", "management-app")
LAPTOP = "Open your mail in a browser on a laptop"
REPORTER, PHONE, CERTIFICATE = (
    "With your company’s check app",
    "On a phone of your company",
    "On this device: let",
)
ASK, ONLINE = "Ask for help and give", "Make sure that this device is online."
GOES_ON, AGAIN = "Leave this page open.", "Open your company’s check app"
SYNC, SHOWS, RIGHT = (
    "Open your company’s management app and let",
    "Open your company’s management app. It",
    "Put that",
)
APPS = ("Open “Settings” and tap “Apps”", "Tap %(apps)s, then “Uninstall”", "If your device has a Personal")


@pytest.mark.parametrize(
    ("told", "choices", "steps"),
    [
        # nothing on a personal side that its management cannot see ends it
        ({"cause": ExactCause.UNSEEN_SIDE}, ALL, [REPORTER, PHONE, LAPTOP]),
        ({"cause": ExactCause.UNSEEN_SIDE, "os": "ios"}, ALL, [PHONE, LAPTOP]),
        ({"cause": ExactCause.UNSEEN_SIDE, "laptops_open": False}, ("laptop", "management-app"), [ASK]),
        ({"cause": ExactCause.UNSEEN_SIDE}, (), [ASK]),
        ({"cause": ExactCause.UNSEEN_SIDE, "fix": "another-way"}, ("laptop",), [LAPTOP]),
        ({"cause": ExactCause.UNSEEN_SIDE, "fix": "Call Bob at 5."}, ALL, ["Call Bob at 5."]),
        ({"cause": ExactCause.NO_INVENTORY, "reason": Reason.POSTURE_MISSING}, ALL, [REPORTER, PHONE, LAPTOP]),
        ({"cause": ExactCause.NO_INVENTORY, "reason": Reason.POSTURE_MISSING}, ("management-app",), [ASK]),
        ({"cause": ExactCause.BROWSER_UNKNOWN, "reason": Reason.POSTURE_MISSING}, ALL, [PHONE, LAPTOP]),
        ({"cause": ExactCause.BROWSER_UNKNOWN, "reason": Reason.POSTURE_MISSING, "certificates": True}, ALL, [CERTIFICATE, PHONE, LAPTOP]),
        ({"cause": ExactCause.BROWSER_UNKNOWN, "reason": Reason.POSTURE_MISSING, "certificates": True}, ("laptop",), [LAPTOP]),
        ({"cause": ExactCause.BROWSER_UNKNOWN, "reason": Reason.POSTURE_MISSING, "tokens": True}, ALL, ["If your company’s management app", "Open it, log in", GOES_ON]),
        ({"cause": ExactCause.NOT_APPLIED}, ALL, [ONLINE, SYNC, GOES_ON]),
        ({"cause": ExactCause.NOT_APPLIED}, ("reporter",), [ONLINE, AGAIN, GOES_ON]),
        ({"cause": ExactCause.NOT_APPLIED}, ("laptop",), [LAPTOP]),
        ({"reason": Reason.DEVICE_NONCOMPLIANT}, ALL, [SHOWS, RIGHT, GOES_ON]),
        ({"reason": Reason.DEVICE_NONCOMPLIANT}, ("reporter",), [ASK]),
        ({"reason": Reason.COMPLIANCE_UNKNOWN}, ALL, [ONLINE, SYNC, GOES_ON]),
        ({"reason": Reason.COMPLIANCE_UNKNOWN}, ("laptop", "reporter"), [LAPTOP]),
        ({"reason": Reason.POSTURE_STALE}, ("reporter",), [ONLINE, AGAIN, GOES_ON]),
        ({"reason": Reason.POSTURE_MISSING}, ("reporter",), [AGAIN, GOES_ON]),
        # where a check app has answered, what the management finds does not take that back
        ({"reason": Reason.POSTURE_STALE, "answered": True}, ALL, [ONLINE, SYNC, AGAIN, GOES_ON]),
        ({"reason": Reason.POSTURE_STALE}, ALL, [ONLINE, SYNC, GOES_ON]),
        ({"reason": Reason.POSTURE_STALE, "answered": True, "os": "ios"}, ALL, [ONLINE, SYNC, GOES_ON]),
        ({"reason": Reason.PROHIBITED_APP, "apps": ("TikTok",), "answered": True}, ALL, [*APPS, SYNC, AGAIN]),
        ({"reason": Reason.POSTURE_MISSING}, (), [ASK]),
        ({"reason": Reason.PROHIBITED_APP, "apps": ("TikTok",)}, ("reporter",), [*APPS, AGAIN]),
        ({"reason": Reason.POSTURE_UNAVAILABLE}, (), ["There is nothing to do on your device.", "If it takes longer"]),
    ],
)  # fmt: skip
def test_no_step_is_told_that_does_not_exist(
    blocked: View, told: dict[str, Any], choices: tuple[str, ...], steps: list[str]
) -> None:
    given: dict[str, Any] = {
        "reason": Reason.POSTURE_PARTIAL,
        "apps": (),
        "os": "android",
        "laptops_open": True,
    }
    found = steps_of(replace(blocked, **{**given, "choices": choices, **told}))
    words = [found] if isinstance(found, str) else [*found]
    assert len(words) == len(steps), words
    assert [each for each, begins in zip(words, steps, strict=True) if not each.startswith(begins)] == []


def test_ways_are_told_apart_from_steps(blocked: View) -> None:
    partly = replace(blocked, reason=Reason.POSTURE_PARTIAL, apps=(), laptops_open=True)
    assert are_ways(replace(partly, choices=("laptop", "company-phone")))
    assert not are_ways(replace(partly, choices=("laptop",)))
    assert not are_ways(replace(partly, reason=Reason.POSTURE_STALE, choices=ALL))


def test_every_fix_that_a_rule_may_name_has_steps_for_any_system() -> None:
    assert set(FIXES) == set(FIXES_OF_RULES)
    assert all(FIXES.values())


VIEW = View(
    Reason.RULE_MATCHED, "REF", datetime(2026, 12, 9, 9, tzinfo=UTC), kind=Kind.PHONE,
    rule_title="No TikTok beside mail", fix="Bring your phone to the desk.", contact="it-help@example.com",
)  # fmt: skip
WORDED = replace(
    VIEW,
    rule_title=LocalizedText.of({"de": "Kein TikTok neben der Mail", "en": "No TikTok beside mail"}),
    fix=LocalizedText.of({"de": "Bringen Sie Ihr Telefon vorbei."}),
    contact=LocalizedText.of({"de": "Hilfe in Raum 3", "en": "Help in room 3"}),
)
PAGES = Pages()


def shown(view: View, language: str) -> str:
    return PAGES.page("refusal", replace(view, accept_language=language)).html


def test_each_reads_their_own() -> None:
    german = shown(WORDED, "de")
    for words in ("Kein TikTok neben der Mail", "Bringen Sie Ihr Telefon vorbei.", "Hilfe in Raum 3"):
        assert words in german
    assert "beside mail" not in german


def test_a_missing_wording_leaves_the_pages_own_steps_and_contact() -> None:
    french = shown(replace(WORDED, reason=Reason.PROHIBITED_APP, apps=("TikTok",)), "fr")
    assert "TikTok beside" not in french
    assert "Kein TikTok" not in french
    assert "<ol " in french
    assert "Help in room 3" in french


def test_a_text_that_names_no_language_is_that_of_the_default() -> None:
    assert "No TikTok beside mail" in shown(VIEW, "en")
    assert "Bring your phone to the desk." in shown(VIEW, "en")
    german = shown(VIEW, "de")
    assert "No TikTok beside mail" not in german
    assert "Bring your phone" not in german
    assert "it-help@example.com" in german
    assert "No TikTok beside mail" in shown(replace(VIEW, default_language="de"), "de")


def test_one_page_in_memory_is_never_that_of_another_wording() -> None:
    other = replace(
        WORDED, rule_title=LocalizedText.of({"de": "Ein anderer Titel", "en": "No TikTok beside mail"})
    )
    assert WORDED.rule_title == other.rule_title
    assert "Kein TikTok" in shown(WORDED, "de")
    assert "Ein anderer Titel" in shown(other, "de")


def test_a_fix_that_pages_have_steps_for_stays() -> None:
    assert in_language(replace(VIEW, fix="remove-app"), "ja").fix == "remove-app"


def test_chinese_is_one_language_whatever_it_is_written_in() -> None:
    view = replace(VIEW, rule_title=LocalizedText.of({"zh": "不可使用 TikTok"}))
    assert in_language(view, "zh-Hans").rule_title == "不可使用 TikTok"
