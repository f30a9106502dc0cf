"""The steps that end a refusal, and the rule's own texts in a page's language. Menu names are those that the device shows in it."""

from dataclasses import replace
from typing import Any

from mailgate.gateway.pages import proofs
from mailgate.gateway.pages.causes import (
    BY_CERTIFICATE,
    ON_LAPTOP,
    TAKES_ANOTHER_WAY,
    answers_by_itself,
    ways,
)
from mailgate.gateway.pages.view import ExactCause, View
from mailgate.model import Reason
from mailgate.model.phrase import Phrase, phrase, plural, primary
from mailgate.policy.written import text_in

Steps = tuple[Phrase, ...]

_REPORT = phrase(
    "Open your company’s management app and let it finish its check, so that the device reports the change."
)
_GOES_ON = phrase("Leave this page open. It goes on to your mail by itself.")
_INSTALL = phrase(
    "If your company’s management app is not on this device yet, install it as your company describes."
)
_FIRST_CHECK = phrase("Open it, log in and let it finish its first check.")
_SYNC = phrase("Open your company’s management app and let it finish a check or a sync.")
_SHOWS = phrase("Open your company’s management app. It shows what is missing.")
_PUT_RIGHT = phrase("Put that right, and let the app check again.")
_IN_MANAGEMENT_APP = frozenset({_REPORT, _INSTALL, _FIRST_CHECK, _SYNC, _SHOWS, _PUT_RIGHT})
"""The steps that a company without a management app cannot offer."""
_ANSWER_AGAIN = phrase("Open your company’s check app and let it answer again.")

_TRIES_AGAIN = phrase("There is nothing to do on your device. This page tries again by itself.")

_DELETE_APP: Steps = (
    plural(
        "Touch and hold the icon, then tap “Remove App”.", "Touch and hold each icon, then tap “Remove App”."
    ),
    phrase("Tap “Delete App”, then “Delete”. “Remove from Home Screen” is not enough."),
)
_REMOVE_APP: dict[str, Steps] = {
    "ios": (
        plural(
            "Find %(apps)s on the Home Screen, or in the App Library: swipe left past your last Home Screen page.",
            "Find these apps on the Home Screen, or in the App Library (swipe left past your last Home Screen page): %(apps)s.",
        ),
        *_DELETE_APP,
    ),
    "ipados": (
        plural(
            "Find %(apps)s on the Home Screen, or in the App Library at the end of the Dock.",
            "Find these apps on the Home Screen, or in the App Library at the end of the Dock: %(apps)s.",
        ),
        *_DELETE_APP,
    ),
    "android": (
        phrase("Open “Settings” and tap “Apps”. If only a few apps are shown, tap “See all apps”."),
        plural(
            "Tap %(apps)s, then “Uninstall”, then “OK”.",
            "For each of these apps, tap its name, then “Uninstall”, then “OK”: %(apps)s.",
        ),
        phrase("If your device has a Personal and a Work tab, look in both."),
    ),
    "": (
        phrase("Open the settings of your device and find the list of apps."),
        plural(
            "Choose %(apps)s, then “Delete” or “Uninstall”, and confirm.",
            "For each of these apps, choose “Delete” or “Uninstall” and confirm: %(apps)s.",
        ),
    ),
}

_IN_SAFARI = phrase("In Safari, tap the page menu in the address bar, then “Request Mobile Website”.")
_MOBILE_SITE: dict[str, Steps] = {
    **dict.fromkeys(("ios", "ipados"), (_IN_SAFARI,)),
    "android": (phrase("In Chrome, tap the menu with the three dots and clear “Desktop site”."),),
    "": (
        phrase(
            "If your browser shows the desktop site on a phone or tablet, switch it back to the mobile site."
        ),
    ),
}

_ADD_ONS = phrase("Turn off add-ons and settings that change what your browser says about your device.")

_COMES_BY_ITSELF = phrase(
    "If your company looks after this browser, its extension for mail comes by itself: wait a minute or restart the browser."
)
_OTHER_BROWSER = phrase("In another browser: open your mail in Chrome, Edge or Firefox, with the extension.")
ANOTHER_WAY = "another-way"
"""The fix for a device on which nothing ends the refusal. What does is for the company to offer (``causes.ways``)."""
GET_EXTENSION = "get-extension"
"""The fix for a computer that shows by the companion extension that it is known."""
_ENTER_CODE = phrase("Open its set-up and enter the address of your mail and the code.")
STORE = phrase("the store of your browser")
"""The words that link to the extension's page, in place of ``%(store)s``."""
_FROM_STORE: Steps = (
    _COMES_BY_ITSELF,
    phrase("If not, add it from %(store)s. Your help desk gives you a code."),
    _ENTER_CODE,
    _GOES_ON,
)

_NO_UPDATE = phrase("If no update is offered, ask your help desk for it.")
_RESTART = phrase("Restart the browser and open your mail again.")
_UPDATES: dict[str, Steps] = {
    "browser": (phrase("Update %(software)s to version %(version)s or newer."), _RESTART, _NO_UPDATE),
    "system": (
        phrase("Open the settings of your device and update %(software)s to version %(version)s or newer."),
        _NO_UPDATE,
    ),
    "extension": (
        phrase("Restart the browser. It then looks for a newer version of the extension by itself."),
        phrase("If that does not help, open the browser’s page of extensions and look for updates there."),
        _NO_UPDATE,
    ),
}

_BY_OS: dict[str, dict[str, Steps]] = {
    "remove-app": {os: (*steps, _REPORT) for os, steps in _REMOVE_APP.items()},
    "use-mobile-site": {os: (*steps, _ADD_ONS) for os, steps in _MOBILE_SITE.items()},
}
_ASK: Steps = (phrase("Ask for help and give the help number below. It shows what was decided and why."),)
FIXES: dict[str, Steps] = {
    **{fix: by_os[""] for fix, by_os in _BY_OS.items()},
    "set-up-device": (_INSTALL, _FIRST_CHECK, _GOES_ON),
    GET_EXTENSION: (
        _COMES_BY_ITSELF,
        phrase(
            "If not, your help desk gives you the extension, says how to load it unpacked for a trial, and gives you a code."
        ),
        _ENTER_CODE,
        _GOES_ON,
    ),
    "report-again": (phrase("Make sure that this device is online."), _SYNC, _GOES_ON),
    "wait": (
        _TRIES_AGAIN,
        phrase("If it takes longer than a few minutes, ask for help and give the help number below."),
    ),
    "use-known-browser": (
        phrase("Use an up-to-date browser, for example Chrome, Edge, Firefox or Safari."),
        _ADD_ONS,
    ),
    "meet-requirements": (_SHOWS, _PUT_RIGHT, _GOES_ON),
    "use-other-device": (ON_LAPTOP,),
    "update": (
        phrase("Update your browser and the system of your device to their newest versions."),
        _NO_UPDATE,
    ),
    "ask": _ASK,
    ANOTHER_WAY: _ASK,
}
_SET_CLOCK: Steps = (
    phrase("Open the settings of your device and let it set its date and time by itself."),
    _GOES_ON,
)

_FIX_OF_CAUSE = dict.fromkeys(TAKES_ANOTHER_WAY, ANOTHER_WAY) | {ExactCause.NOT_APPLIED: "report-again"}
_FIX_OF_REASON = {
    reason: each.fix
    for part in ("decided", "unserved")
    for reason, each in proofs.wordings(part, Reason).items()
}

_SEE_WHICH = phrase(
    "“Your devices, and what is stored about you” at the end of this page shows what is known of each of them, and what to do there."
)
_ON_ANY_OF_THEM = frozenset(
    {Reason.PROHIBITED_APP, Reason.POSTURE_MISSING, Reason.POSTURE_STALE, Reason.POSTURE_PARTIAL}
)
"""What may be so on any phone or tablet of a person. The steps for this one could be about another."""


def steps_of(view: View) -> Steps | str:
    """The steps that end this refusal, or the rule's own sentence if its fix is not one of ``FIXES``."""
    fix = _fix_of(view)
    if fix == proofs.SET_CLOCK and view.proof is not None:
        return _SET_CLOCK
    if fix not in FIXES:
        return fix
    if view.by_person and view.reason in _ON_ANY_OF_THEM:
        return (_SEE_WHICH, _GOES_ON)
    if fix == ANOTHER_WAY and (found := ways(view)):
        return found
    if fix == GET_EXTENSION and not view.has_extension:
        return _without_extension(view)
    if fix == GET_EXTENSION and view.extension_url:
        return _FROM_STORE
    if fix == "update" and view.update and names_update(view):
        return _UPDATES[view.update.of]
    return _offered(_BY_OS.get(fix, {}).get(view.os, FIXES[fix]), view)


def names_update(view: View) -> bool:
    """Whether it is known by name what is too old. The extension needs no name."""
    return view.update is not None and (view.update.of == "extension" or bool(view.update.name))


def _without_extension(view: View) -> Steps:
    return (_OTHER_BROWSER, BY_CERTIFICATE) if view.certificates else (_OTHER_BROWSER,)


def _fix_of(view: View) -> str:
    if view.proof is not None:
        return proofs.FIXES[proofs.SAME_WORDS.get(view.proof, view.proof)]
    fix = view.fix
    if not fix or (fix == "remove-app" and not view.apps):
        by_token = view.cause is ExactCause.BROWSER_UNKNOWN and view.tokens
        by_cause = _FIX_OF_CAUSE[view.cause] if view.cause and not by_token else ""
        fix = by_cause or _FIX_OF_REASON.get(view.reason) or "report-again"
    return "ask" if fix == "remove-app" and not view.apps else fix


def _offered(steps: Steps, view: View) -> Steps:
    """The steps as far as the company offers what they need; other ways, or whom to ask, if they would end nothing."""
    if _IN_MANAGEMENT_APP.isdisjoint(steps):
        return steps
    by_itself, managed = answers_by_itself(view), "management-app" in view.choices
    if managed and not (by_itself and view.answered):
        return steps
    if not by_itself:
        return ways(view) or _ASK
    end = (_GOES_ON,) if _GOES_ON in steps else ()
    left_out = end if managed else (*_IN_MANAGEMENT_APP, *end)
    return (*(each for each in steps if each not in left_out), _ANSWER_AGAIN, *end)


def are_ways(view: View) -> bool:
    """Whether the steps are ways of which one is enough, and not to be taken one after the other."""
    steps = steps_of(view)
    return len(steps) > 1 and steps in (ways(view), _without_extension(view))


def off_page(steps: Steps | str) -> Steps:
    """The steps that make sense outside a page that checks again by itself."""
    told = () if isinstance(steps, str) else steps
    return tuple(step for step in told if step not in (_GOES_ON, _TRIES_AGAIN, _SEE_WHICH))


def in_language(view: View, tag: str) -> View:
    """The view with the rule's own texts in this language, without those that have no wording in it: the page has words of its own for a
    missing text, except for the contact, where one in another language is better than none."""
    return replace(view, **texts_in_language(view, tag))


def texts_in_language(view: View, tag: str) -> dict[str, Any]:
    asked, default = primary(tag), primary(view.default_language)
    return {
        "rule_title": text_in(view.rule_title, asked, default),
        "fix": view.fix if view.fix in FIXES else text_in(view.fix, asked, default),
        "contact": contact_in(view.contact, tag, view.default_language),
    }


def contact_in(contact: str, tag: str, default_language: str) -> str:
    return text_in(contact, primary(tag), primary(default_language)) or str(contact)
