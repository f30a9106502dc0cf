"""An app that answers for its phone: what it is asked, what counts of its answers, and every way in which they do not."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.simulated_phones import SIGNERS, IosApp, Maker, ReporterCopy
from tests.unit.attest.hardware_evidence import PLAY
from tests.unit.gateway.enrolling import GATE, key_proof, post
from tests.unit.gateway.gates import NOW, gate, policy, renew
from tests.vectors.build_certificate_vectors import IOS_REPORTER, REPORTER, application, root_of_trust

from mailgate.attest import mint
from mailgate.attest.android_key import AndroidApp
from mailgate.attest.app_attest import AppleApp
from mailgate.attest.hardware import Roots
from mailgate.attest.report import Reporters
from mailgate.devices.names import KEY
from mailgate.gateway.evaluate.proving import NonceMode
from mailgate.model.apps import ListedApp
from mailgate.policy import AppCatalog

ENROLL, ATTEST = "/.mailgate/enroll", "/.mailgate/attest"
MAKER = Maker.of(NOW)
TIKTOK = ListedApp("tiktok", "TikTok", android=("com.zhiliaoapp.musically", "com.ss.android.ugc.trill"))
WECHAT = ListedApp("wechat", "WeChat", android=("com.tencent.mm",), ios=("com.tencent.xin",))
NAMELESS = ListedApp("nameless", "Nameless")
ANDROID = AndroidApp(REPORTER, frozenset(SIGNERS), min_version=5, patched_within=timedelta(days=90))


def catalog(*apps):
    return AppCatalog({app.key: app for app in apps}, {"prohibited": tuple(app.key for app in apps)})


LISTED = catalog(TIKTOK, WECHAT, NAMELESS)


@pytest.fixture
def on():
    made = gate()
    roots = Roots([MAKER.root.certificate])
    reporters = Reporters(
        {"android-key": ANDROID, "apple-appattest": AppleApp(IOS_REPORTER)}, accepts_unseen=True
    )
    hardware = {"android-key": roots, "apple-appattest": roots}
    renew(made, reporters=reporters, hardware=hardware, policy=replace(policy(), catalog=LISTED))
    return made


def nonce_of(on, **how):
    return on.judge.prover.nonces.make(NOW, bound=how.get("bound", False))


async def enrol(on, phone, **said):
    """Enrol as a reporter. ``said`` changes its evidence."""
    body = {"token": "let me in", "reporter": True, "evidence": phone.evidence(nonce_of(on), **said)}
    return await post(on, ENROLL, body, proof=key_proof(ENROLL, phone.key))


async def enrolled(on, profile="personal", *installed):
    """A copy that has enrolled, with the question that it was asked."""
    phone = ReporterCopy(MAKER, profile, {*installed})
    status, _, told = await enrol(on, phone)
    assert status == 201
    return phone, told["reporter"]


async def send(on, phone, body, *fields, nonce=None, signed=None, now=NOW):
    proof = mint.sign_proof(
        "",
        phone.key,
        method="POST",
        url=GATE + ATTEST,
        jti=f"r-{nonce_of(on)}-{next(_numbers)}",
        now=now,
        nonce=nonce_of(on) if nonce is None else nonce,
        body=body if signed is None else signed,
    )
    return await post(on, ATTEST, body, *fields, proof=proof)


_numbers = iter(range(10_000))


def reports(on):
    """What the reporter has reported."""
    return [each for each in on.own.enrolling.enroller.devices if each.source == "reporter"]


async def test_a_reporter_is_asked_for_the_listed_apps_by_their_ids(on):
    _, question = await enrolled(on)
    assert question["apps"] == {
        "tiktok": ["com.ss.android.ugc.trill", "com.zhiliaoapp.musically"],
        "wechat": ["com.tencent.mm"],
    }
    assert len(question["question"]) == 16


async def test_an_ordinary_device_is_not_asked(on):
    status, _, told = await post(on, ENROLL, {"token": "let me in"})
    assert (status, "reporter" in told) == (201, False)


async def test_yes_and_no_are_stored_and_nothing_else(on):
    phone, question = await enrolled(on, "personal", "com.tencent.mm", "org.example.private")
    status, _, told = await send(on, phone, phone.answers(question))
    assert (status, told["reporter"]) == (200, question)
    (report,) = reports(on)
    assert (report.apps, report.asked) == ({"wechat"}, {"tiktok", "wechat"})
    assert (report.apps_complete, report.profile) == (True, "personal")
    assert report.kind is None  # it may be a tablet, and nobody has said
    assert (report.reported_at, report.lag) == (NOW, timedelta(minutes=10))
    assert (report.owner, report.names) == ("ada@example.com", {(KEY, phone.key.thumbprint())})
    assert "private" not in repr(on.own.enrolling.enroller.devices)


@pytest.mark.parametrize(
    ("profile", "accepts", "complete", "stored"),
    [
        ("personal", True, True, "personal"),
        ("personal", False, False, "personal"),
        ("device", True, True, ""),
        ("device", False, False, ""),
        ("work", True, False, "work"),
        ("other", True, False, "other"),
    ],
)
async def test_a_report_is_complete_at_most_for_the_profile_that_it_comes_from(
    on, profile, accepts, complete, stored
):
    renew(on, reporters=replace(on.in_force.live.reporters, accepts_unseen=accepts))
    phone, question = await enrolled(on, profile)
    assert (await send(on, phone, phone.answers(question)))[0] == 200
    (report,) = reports(on)
    assert (report.apps_complete, report.profile) == (complete, stored)


async def test_an_app_that_cannot_be_looked_for_stays_unknown(on):
    phone, question = await enrolled(on)
    phone.looks_for = {"com.tencent.mm", "com.zhiliaoapp.musically"}
    assert (await send(on, phone, phone.answers(question)))[0] == 200
    assert reports(on)[0].asked == {"wechat"}


@pytest.mark.parametrize(
    ("last", "seen"), [({}, {"tiktok"}), ({"tiktok": False}, set()), ({"tiktok": True}, {"tiktok"})]
)
async def test_an_app_that_was_seen_has_not_gone_because_nobody_can_look_for_it_any_more(on, last, seen):
    """The company adds an id of it, which this build does not query."""
    phone, question = await enrolled(on, "personal", "com.zhiliaoapp.musically", "com.tencent.mm")
    assert (await send(on, phone, phone.answers(question)))[0] == 200
    more = replace(TIKTOK, android=(*TIKTOK.android, "com.zhiliaoapp.musically.go"))
    renew(on, policy=replace(policy(), catalog=catalog(more, WECHAT)))
    question = (await send(on, phone, phone.answers(question)))[2]["reporter"]
    for _ in range(2):
        body = phone.answers(question, installed={"wechat": False, **last})
        assert (await send(on, phone, body))[0] == 200
    assert (reports(on)[-1].apps, reports(on)[-1].asked) == (seen, {"wechat", *last})


async def test_a_list_that_has_grown_is_asked_for_anew(on):
    phone, question = await enrolled(on)
    more = catalog(TIKTOK, WECHAT, ListedApp("lemon", "Lemon8", android=("com.bd.nproject",)))
    renew(on, policy=replace(policy(), catalog=more))
    status, _, told = await send(on, phone, phone.answers(question))
    assert (status, told["reason"], set(told["reporter"]["apps"])) == (
        409,
        "question-changed",
        {"tiktok", "wechat", "lemon"},
    )
    assert reports(on) == []
    assert (await send(on, phone, phone.answers(told["reporter"])))[0] == 200
    assert reports(on)[0].asked == {"tiktok", "wechat", "lemon"}


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"installed": {"private-matter": True}}, 400),
        ({"installed": {"tiktok": "no"}}, 400),
        ({"installed": {"tiktok": 1}}, 400),
        ({"profile": "home"}, 400),
        ({"vouches_for": ["x" * 43]}, 400),
        ({"vouches_for": ["short"]}, 400),
        ({"more": 1}, 400),
        ({"question": "0" * 16}, 409),
        ({"question": "x"}, 400),
    ],
)
async def test_answers_of_another_form_are_refused_without_repeating_them(on, wrong, status):
    phone, question = await enrolled(on)
    answer = await send(on, phone, phone.answers(question, **wrong))
    assert answer[0] == status
    assert "private-matter" not in json.dumps(answer[2])
    assert reports(on) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"app": b""}, "evidence-app-missing"),
        ({"app": application((REPORTER, 7), ("a.b", 1))}, "evidence-app-shared"),
        ({"app": application(("a.b", 7))}, "evidence-app-wrong"),
        ({"version": 4}, "evidence-app-outdated"),
        ({"app": application(signers=[bytes(32)])}, "evidence-signer-wrong"),
        ({"schema": 600}, "evidence-schema-unknown"),
        ({"os_patch": 202606}, "evidence-patch-old"),
        ({"boot": root_of_trust(locked=False)}, "evidence-unlocked"),
        ({"level": 0}, "evidence-software-only"),
    ],
)
async def test_no_other_app_or_phone_enrols_as_a_reporter(on, said, reason):
    status, _, told = await enrol(on, ReporterCopy(MAKER), **said)
    assert (status, told["reason"]) == (403, reason)
    assert on.own.enrolling.enroller.enrolments == {}


async def enrol_with_play(on, made=lambda phone, nonce: phone.integrity(nonce, NOW)):
    """Enrol where Play Integrity is asked, with what ``made`` adds to the evidence."""
    renew(on, reporters=Reporters({"android-key": replace(ANDROID, integrity=PLAY)}, accepts_unseen=True))
    phone, nonce = ReporterCopy(MAKER), nonce_of(on)
    evidence = phone.evidence(nonce) | made(phone, nonce)
    body = {"token": "let me in", "reporter": True, "evidence": evidence}
    return phone, await post(on, ENROLL, body, proof=key_proof(ENROLL, phone.key))


async def test_where_play_is_asked_a_phone_enrols_by_its_word_and_reports_without(on):
    phone, (status, _, told) = await enrol_with_play(on)
    assert status == 201
    assert (await send(on, phone, phone.answers(told["reporter"])))[0] == 200


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda phone, nonce: {}, "evidence-token-missing"),
        (lambda phone, nonce: phone.integrity("another enrolment", NOW), "evidence-challenge-wrong"),
        (lambda phone, nonce: ReporterCopy(MAKER).integrity(nonce, NOW), "evidence-challenge-wrong"),
        (lambda phone, nonce: phone.integrity(nonce, NOW - timedelta(minutes=6)), "evidence-expired"),
        (lambda phone, nonce: phone.integrity(nonce, NOW, "appIntegrity.versionCode", "6"), "evidence-app-outdated"),
        (lambda phone, nonce: {"play_integrity": 1}, "evidence-malformed"),
    ],
)  # fmt: skip
async def test_where_play_is_asked_nobody_enrols_without_its_word(on, made, reason):
    _, (status, _, told) = await enrol_with_play(on, made)
    assert (status, told["reason"]) == (403, reason)
    assert on.own.enrolling.enroller.enrolments == {}


@pytest.mark.parametrize(
    "body", [{"reporter": True}, {"reporter": 1}, {"reporter": "yes", "evidence": {}}, {"reporter": None}]
)
async def test_a_reporter_comes_with_evidence(on, body):
    assert (await post(on, ENROLL, {"token": "let me in", **body}))[0] == 400


async def test_a_reporter_of_no_setting_does_not_enrol(on):
    renew(on, reporters=Reporters())
    status, _, told = await enrol(on, ReporterCopy(MAKER))
    assert (status, told["reason"]) == (403, "evidence-format-unknown")


async def test_without_the_word_the_same_evidence_makes_no_reporter(on):
    phone = ReporterCopy(MAKER)
    body = {"token": "let me in", "evidence": phone.evidence(nonce_of(on), app=application(("a.b", 1)))}
    status, _, told = await post(on, ENROLL, body, proof=key_proof(ENROLL, phone.key))
    assert (status, "reporter" in told) == (201, False)
    status, _, told = await send(on, phone, phone.answers({"question": "0" * 16, "apps": {}}))
    assert (status, told["reason"]) == (403, "reporter-unknown")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "com.example.next"}, "evidence-app-wrong"),
        ({"min_version": 8}, "evidence-app-outdated"),
        ({"signers": frozenset({"00" * 32})}, "evidence-signer-wrong"),
        ({"schemas": frozenset({400})}, "evidence-schema-unknown"),
        ({"patched_within": timedelta(days=20)}, "evidence-patch-old"),
    ],
)
async def test_an_app_that_is_accepted_no_longer_answers_no_more(on, changed, reason):
    phone, question = await enrolled(on)
    renew(on, reporters=Reporters({"android-key": replace(ANDROID, **changed)}, accepts_unseen=True))
    status, _, told = await send(on, phone, phone.answers(question))
    assert (status, told["reason"]) == (403, reason)
    assert reports(on) == []


async def test_a_key_of_the_maker_that_is_revoked_later_ends_its_reporters(on):
    phone, question = await enrolled(on)
    serial = MAKER.batch.certificate.serial_number
    renew(on, hardware={"android-key": Roots([MAKER.root.certificate], frozenset({serial}))})
    status, _, told = await send(on, phone, phone.answers(question))
    assert (status, told["reason"]) == (403, "evidence-revoked")


@pytest.mark.parametrize("left", [{"reporters": Reporters()}, {"hardware": {}}])
async def test_a_system_that_is_no_longer_accepted_ends_its_reporters(on, left):
    phone, question = await enrolled(on)
    renew(on, **left)
    status, _, told = await send(on, phone, phone.answers(question))
    assert (status, told["reason"]) == (403, "evidence-format-unknown")


async def test_the_key_signs_the_answers_themselves(on):
    phone, question = await enrolled(on, "personal", "com.tencent.mm")
    body = phone.answers(question)
    for signed in (b"", body.replace(b"true", b"false")):
        status, _, told = await send(on, phone, body, signed=signed)
        assert (status, told["reason"]) == (401, "report-unsigned")
    assert reports(on) == []


async def test_answers_need_a_nonce_whatever_the_setting(on):
    phone, question = await enrolled(on)
    status, headers, told = await send(on, phone, phone.answers(question), nonce="")
    assert (status, told["reason"]) == (401, "proof-nonce-missing")
    assert headers["WWW-Authenticate"] == 'DPoP error="use_dpop_nonce"'
    assert on.judge.prover.mode is NonceMode.OFFER
    assert (await send(on, phone, phone.answers(question), nonce=headers["DPoP-Nonce"]))[0] == 200


async def test_an_old_nonce_makes_no_answers_new(on):
    phone, question = await enrolled(on)
    old = on.judge.prover.nonces.make(NOW - timedelta(minutes=11), bound=False)
    status, _, told = await send(on, phone, phone.answers(question), nonce=old)
    assert (status, told["reason"]) == (401, "proof-nonce-wrong")


async def test_answers_that_were_held_back_are_dated_no_later_than_they_were_given(on):
    """The owner of the phone has set its clock ahead, and has installed the app since."""
    phone, question = await enrolled(on)
    given = NOW - timedelta(minutes=5)
    nonce = on.judge.prover.nonces.make(given, bound=False)
    assert (await send(on, phone, phone.answers(question), nonce=nonce))[0] == 200
    assert reports(on)[0].looked_from <= given


async def test_a_clock_that_is_off_is_told_the_time(on):
    phone, question = await enrolled(on)
    status, _, told = await send(on, phone, phone.answers(question), now=NOW - timedelta(minutes=3))
    assert (status, told["reason"], told["server_time"]) == (401, "proof-stale", int(NOW.timestamp()))


async def test_answers_are_taken_once(on):
    phone, question = await enrolled(on)
    body, nonce = phone.answers(question), nonce_of(on)
    proof = mint.sign_proof(
        "", phone.key, method="POST", url=GATE + ATTEST, jti="once", now=NOW, nonce=nonce, body=body
    )
    assert (await post(on, ATTEST, body, proof=proof))[0] == 200
    status, _, told = await post(on, ATTEST, body, proof=proof)
    assert (status, told["reason"]) == (401, "proof-replayed")
    assert len(reports(on)) == 1


async def test_a_lost_key_answers_no_more(on):
    phone, question = await enrolled(on)
    keys = on.own.enrolling.enroller.enrolments
    keys[phone.key.thumbprint()] = replace(keys[phone.key.thumbprint()], revoked_at=NOW)
    status, _, told = await send(on, phone, phone.answers(question))
    assert (status, told["reason"]) == (403, "key-revoked")
    assert reports(on) == []


async def test_the_managed_copy_vouches_for_the_personal_one(on):
    personal, _ = await enrolled(on)
    work, question = await enrolled(on, "work")
    thumbprint = personal.key.thumbprint()
    assert (await send(on, work, work.answers(question, vouches_for=[thumbprint])))[0] == 200
    (report,) = reports(on)
    assert report.names == {(KEY, thumbprint), (KEY, work.key.thumbprint())}
    assert (report.apps_complete, report.profile) == (False, "work")


@pytest.mark.parametrize(
    "changed", [None, {"revoked_at": NOW}, {"owner": "bob@example.com"}, {"app": ""}, "other app"]
)
async def test_a_copy_vouches_for_those_of_its_person_alone(on, changed):
    personal, _ = await enrolled(on)
    work, question = await enrolled(on, "work")
    keys, thumbprint = on.own.enrolling.enroller.enrolments, personal.key.thumbprint()
    if changed is None:
        del keys[thumbprint]
    elif changed == "other app":
        app = keys[thumbprint].app.replace(REPORTER, "com.example.other")
        keys[thumbprint] = replace(keys[thumbprint], app=app)
    else:
        keys[thumbprint] = replace(keys[thumbprint], **changed)
    status, _, told = await send(on, work, work.answers(question, vouches_for=[thumbprint]))
    assert (status, told["reason"]) == (403, "reporter-unknown")
    assert reports(on) == []


async def test_refused_reports_are_limited_by_their_key(on):
    phone, question = await enrolled(on)
    renew(on, reporters=Reporters())
    for _ in range(5):
        assert (await send(on, phone, phone.answers(question)))[0] == 403
    assert (await send(on, phone, phone.answers(question)))[0] == 429


IOS_BODY = b'{"os": "ios", "os_version": "26.1"}'


async def asserting(on, app, *, body=IOS_BODY, about=None, assertion=None, signed=None):
    proof = mint.sign_proof(
        "",
        app.key,
        method="POST",
        url=GATE + ATTEST,
        jti=f"i-{next(_numbers)}",
        now=NOW,
        nonce=nonce_of(on),
        body=body if signed is None else signed,
    )
    told = app.assertion(about or proof) if assertion is None else assertion
    fields = [b"App-Attest-Assertion: " + told.encode()] if told else []
    return await post(on, ATTEST, body, *fields, proof=proof)


async def iphone(on):
    app = IosApp(MAKER)
    status, _, told = await enrol(on, app)
    assert (status, told["hardware"]) == (201, "secure-enclave")
    assert "reporter" not in told  # no app there sees others
    return app


async def test_an_app_on_an_iphone_proves_itself_and_tells_of_no_app(on):
    app = await iphone(on)
    (report,) = on.own.enrolling.enroller.devices
    assert (report.source, report.os, report.reported_at) == ("apple-appattest", "ios", None)
    status, _, told = await asserting(on, app)
    assert (status, "reporter" in told) == (200, False)
    assert reports(on) == []


async def test_another_app_on_an_iphone_does_not_enrol(on):
    status, _, told = await enrol(on, IosApp(MAKER), app="ABCDE12345.com.example.other")
    assert (status, told["reason"]) == (403, "evidence-app-wrong")


async def test_an_assertion_counts_once_and_in_its_order(on):
    app = await iphone(on)
    assert (await asserting(on, app))[0] == 200
    app.counter = 0
    status, _, told = await asserting(on, app)
    assert (status, told["reason"]) == (403, "assertion-replayed")
    app.counter = 6
    assert (await asserting(on, app))[0] == 200


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ({"assertion": ""}, 403, "assertion-missing"),
        ({"assertion": "x"}, 403, "assertion-malformed"),
        ({"about": "another proof"}, 403, "assertion-signature-wrong"),
        ({"signed": b"another body"}, 401, "report-unsigned"),
        ({"signed": b""}, 401, "report-unsigned"),
        ({"body": b'{"os": "ios", "apps": {"question": "0000000000000000", "profile": "device", "installed": {}}}'},
         403, "reporter-unknown"),
    ],
)  # fmt: skip
async def test_a_report_of_an_iphone_needs_the_word_of_its_app(on, how, status, reason):
    app = await iphone(on)
    told = await asserting(on, app, **how)
    assert (told[0], told[2]["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "ABCDE12345.com.example.other"}, "evidence-app-wrong"),
        ({"environment": "development"}, "evidence-environment-wrong"),
    ],
)
async def test_an_iphone_app_that_is_no_longer_accepted_ends(on, changed, reason):
    app = await iphone(on)
    wanted = replace(on.in_force.live.reporters.apps["apple-appattest"], **changed)
    renew(on, reporters=Reporters({"apple-appattest": wanted}))
    status, _, told = await asserting(on, app)
    assert (status, told["reason"]) == (403, reason)
