"""Takes what attested apps say about the phones that they are on (``attest/report.py``). ``enrolment`` has the rest of a report.

An app was accepted when its key enrolled. What is accepted changes, so its evidence is held against the settings of now at each report.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from mailgate.attest import Refused
from mailgate.attest.app_attest import AppleApp, check_assertion
from mailgate.attest.report import (
    AppAnswers,
    Profile,
    Question,
    Reporters,
    SelfReport,
    as_sent,
    digest_of,
    written_report,
)
from mailgate.devices.device import Report
from mailgate.devices.trust import REPORTER, report_by
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.live import Live
from mailgate.http.request import RequestRefused
from mailgate.model import Reason
from mailgate.policy import AppCatalog
from mailgate.store import EnrolledKey
from mailgate.store.devices import Devices
from mailgate.store.enrolments import Enrolments

ASSERTION = "app-attest-assertion"
"""The header with the assertion of an iOS app about the proof of the same request."""


def question_told(key: EnrolledKey, catalog: AppCatalog) -> dict[str, object]:
    """What the app that holds this key is asked, as a part of an answer; empty if it is asked nothing. No app on iOS sees others."""
    app = key.attested
    return {} if app is None or app.key else {"reporter": as_sent(catalog.question("android"))}


async def take_report(
    live: Live,
    enrolments: Enrolments,
    devices: Devices,
    key: EnrolledKey,
    said: SelfReport,
    incoming: Incoming,
    now: datetime,
) -> None:
    """Note that the key has reported, and store the answers if there are some. Raises Refused."""
    counter = check_speaker(live, key, said.apps, incoming, now)
    seen = frozenset[str]()
    if said.apps is not None:
        question = live.policy.catalog.question("android")
        check_answers(said.apps, question)
        await check_vouched(enrolments, key, said.apps)
        seen = await seen_before(devices, key, question.keys() - said.apps.installed.keys())
    if not await enrolments.reported(key.thumbprint, now, counter, written_report(said)):
        if counter is None:
            raise Refused(Reason.KEY_REVOKED, "")
        raise Refused(Reason.ASSERTION_REPLAYED, "expected a counter above the last one")
    if said.apps is not None:
        report = report_of_answers(key, said.apps, live.reporters, said.os_version, now)
        await devices.ingest([replace(report, apps=report.apps | seen)], now)


async def seen_before(devices: Devices, key: EnrolledKey, unanswered: AbstractSet[str]) -> frozenset[str]:
    """The apps among those that are asked for and not answered that the last answers of this key saw: they have not gone because this
    build cannot look for every id of theirs."""
    known = await devices.get(REPORTER, key.device) if unanswered else None
    last = known.report((REPORTER, key.device)) if known else None
    return last.apps & unanswered if last else frozenset()


def check_speaker(
    live: Live, key: EnrolledKey, answers: AppAnswers | None, incoming: Incoming, now: datetime
) -> int | None:
    """Check that the key still speaks for an app that is accepted. Returns the counter of its assertion; None if it makes none. Raises
    Refused, also if there are answers and no such app."""
    app = key.attested
    if app is None:
        if answers is not None:
            raise Refused(Reason.REPORTER_UNKNOWN, "expected a key that enrolled as a reporter's")
        return None
    wanted, roots = live.reporters.apps.get(app.format), live.hardware.get(app.format)
    if wanted is None or roots is None:
        raise Refused(Reason.EVIDENCE_FORMAT_UNKNOWN, "expected a reporter of the settings")
    roots.check_serials(app.serials)
    wanted.check(app, now)
    if not isinstance(wanted, AppleApp):
        return None
    if answers is not None:
        raise Refused(Reason.REPORTER_UNKNOWN, "no app on iOS sees which others are there")
    assertion = incoming.facts.headers.get(ASSERTION)
    if assertion is None:
        raise Refused(Reason.ASSERTION_MISSING, "expected an App-Attest-Assertion header")
    return check_assertion(assertion, incoming.proofs[0], app, wanted)


def check_answers(answers: AppAnswers, question: Question) -> None:
    """Raises Refused if another question was answered, and RequestRefused for answers that no app gives."""
    if answers.question != digest_of(question):
        raise Refused(Reason.QUESTION_CHANGED, "the listed apps have changed")
    wrong = ""
    if not answers.installed.keys() <= question.keys():
        wrong = "apps.installed: expected only apps that were asked for"
    elif answers.vouches_for and answers.profile is not Profile.WORK:
        wrong = "apps.vouches_for: expected in the work profile only"
    if wrong:
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, f"This is no report. {wrong}.")


async def check_vouched(enrolments: Enrolments, key: EnrolledKey, answers: AppAnswers) -> None:
    """Check that the app vouches only for copies of itself that enrolled for the same person. Raises Refused."""
    for thumbprint in answers.vouches_for:
        other = await enrolments.key(thumbprint)
        if other is None or other.revoked_at or other.owner != key.owner or not _same_app(other, key):
            raise Refused(Reason.REPORTER_UNKNOWN, "apps.vouches_for: expected keys of its own copies")


def _same_app(one: EnrolledKey, other: EnrolledKey) -> bool:
    apps = [each.attested for each in (one, other)]
    return len({app and (app.format, app.name) for app in apps}) == 1 and None not in apps


def report_of_answers(
    key: EnrolledKey, answers: AppAnswers, reporters: Reporters, os_version: str, now: datetime
) -> Report:
    """The report of an app about its phone. Its keys are names of the phone, by which it becomes the one that others report."""
    report = report_by(
        REPORTER,
        key.device,
        owner=key.owner,
        os="android",
        os_version=os_version,
        apps=reporters.look(answers, now),
        keys=(key.thumbprint, *answers.vouches_for),
    )
    return report.received(now)
