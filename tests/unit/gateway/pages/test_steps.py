from dataclasses import replace

import pytest

from mailgate.gateway.pages import View
from mailgate.gateway.pages.steps import FIXES, off_page, steps_of
from mailgate.model import Reason
from mailgate.policy.rules import FIXES as FIXES_OF_RULES


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


def test_every_fix_that_a_rule_may_name_has_steps_for_any_system() -> None:
    assert set(FIXES) == set(FIXES_OF_RULES)
    assert all(by_os[""] for by_os in FIXES.values())
