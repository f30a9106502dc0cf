"""Learning and finding postures."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.store.examples import (
    BROWSER,
    CATALOG,
    ISSUER,
    MAX_AGE,
    NOW,
    PHONE_1,
    PHONE_2,
    TERMS,
    catalog,
    mail_app,
    minutes,
    proof,
)
from tests.unit.store.outage import away, cut_off, outage

from mailgate.devices.device import Device, Report, new_id
from mailgate.devices.names import KEY, SERIAL
from mailgate.devices.trust import report_by
from mailgate.model import (
    AppsReport,
    AttestationResult,
    CertificateResult,
    Client,
    Kind,
    Posture,
    PostureState,
    Reason,
)
from mailgate.model.device import Witness
from mailgate.store import Postures, RetentionTimes, Store, StoreUnavailableError, database

LATER = NOW + minutes(1)
APP = mail_app("ApplX1")
KNOWN = proof(eas_ids=("ApplX1",))
WITH_TIKTOK = proof("tiktok", eas_ids=("ApplX1",))


@pytest.fixture
def postures(store: Store) -> Postures:
    return store.postures(CATALOG, TERMS)


async def after_restart(
    store: Store, client: Client, given: AttestationResult | None, now: datetime
) -> Posture:
    """What a gate that starts now, with nothing in memory, knows."""
    await store.reports.flush()
    return await store.postures(CATALOG, TERMS).current(client, given, now)


async def test_a_verified_report_counts_from_its_own_request_on(postures: Postures) -> None:
    posture = await postures.current(BROWSER, proof("tiktok"), NOW)
    assert posture == Posture(
        state=PostureState.LISTED,
        device_id=PHONE_1,
        kind=Kind.PHONE,
        os="ios",
        os_version="26.1",
        managed=True,
        owner="ada@example.com",
        apps=("tiktok",),
        lists=("prohibited",),
        witness=Witness(ISSUER, NOW),
        source=ISSUER,
        sources=(ISSUER,),
        reported_at=NOW,
        expires_at=NOW + MAX_AGE,
        first_seen=NOW,
    )


async def test_a_learned_posture_survives_a_restart(store: Store, postures: Postures) -> None:
    learned = await postures.current(BROWSER, WITH_TIKTOK, NOW)
    assert await after_restart(store, APP, None, LATER) == learned


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (proof("tiktok"), proof(at=NOW + minutes(1)), PostureState.CLEAN),
        (proof(), proof("tiktok", at=NOW + minutes(1)), PostureState.LISTED),
        (proof("tiktok"), proof(at=NOW - minutes(1)), PostureState.LISTED),
        (proof(), proof("tiktok", at=NOW - minutes(1)), PostureState.CLEAN),
        (proof("tiktok"), proof(at=None), PostureState.LISTED),
        (proof(at=None), proof(), PostureState.CLEAN),
        (proof("tiktok"), proof(at=NOW, expires=NOW + minutes(5)), PostureState.LISTED),
    ],
    ids=["newer-clean", "newer-app", "older-clean", "older-app", "no-report", "first-report", "shorter"],
)
async def test_the_newest_report_counts_in_whatever_order_they_come(
    store: Store,
    postures: Postures,
    first: AttestationResult,
    second: AttestationResult,
    expected: PostureState,
    restarted: bool,
) -> None:
    await postures.current(BROWSER, first, NOW)
    if restarted:
        assert (await after_restart(store, BROWSER, second, LATER)).state is expected
    else:
        assert (await postures.current(BROWSER, second, LATER)).state is expected
    assert (await after_restart(store, BROWSER, first, LATER)).state is expected


async def test_the_later_of_two_simultaneous_reports_counts(store: Store, postures: Postures) -> None:
    """Times in tokens are whole seconds: an app can be removed and looked for again within one."""
    await postures.current(BROWSER, proof("tiktok"), NOW)
    assert (await postures.current(BROWSER, proof(), NOW)).state is PostureState.CLEAN
    assert (await after_restart(store, BROWSER, proof(at=None), LATER)).state is PostureState.CLEAN


async def test_a_report_is_never_from_the_future(store: Store, postures: Postures) -> None:
    """Else it would hide every later one."""
    await postures.current(BROWSER, proof("tiktok", at=NOW + timedelta(days=9999)), NOW)
    assert (await postures.current(BROWSER, proof(at=LATER), LATER)).state is PostureState.CLEAN
    assert (await after_restart(store, BROWSER, proof(at=LATER), LATER)).state is PostureState.CLEAN


@pytest.mark.parametrize(
    ("reported", "sent"),
    [
        ("ApplDNX", "ApplDNX"),
        ("ApplDNX", "aPPLdnx"),
        ("ApplDNX", b"ApplDNX".hex()),
        ("APPLDNX", b"ApplDNX".hex().upper()),
        (b"ApplDNX".hex(), "ApplDNX"),
        (b"ApplDNX".hex().upper(), b"appldnx".hex()),
        ("android_é", "ANDROID_é"),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_mail_app_is_found_by_either_form_of_its_id(
    store: Store, postures: Postures, reported: str, sent: str, restarted: bool
) -> None:
    assert (await postures.current(mail_app(sent), None, NOW)).state is PostureState.MISSING
    await postures.current(BROWSER, proof("tiktok", eas_ids=("other", reported)), NOW)
    if restarted:
        found = await after_restart(store, mail_app(sent), None, NOW)
    else:
        found = await postures.current(mail_app(sent), None, NOW)
    assert (found.state, found.device_id) == (PostureState.LISTED, PHONE_1)


@pytest.mark.parametrize("sent", ["", "x", "ApplDN", "ApplDNXX", "%", "' OR 1=1 --", "\ud800", "a\0b"])
async def test_another_id_finds_nothing(store: Store, postures: Postures, sent: str) -> None:
    await postures.current(BROWSER, proof(eas_ids=("ApplDNX",)), NOW)
    assert await after_restart(store, mail_app(sent), None, NOW) == Posture()


async def test_reports_that_share_a_name_are_one_device_in_any_order(
    store: Store, postures: Postures
) -> None:
    """A phone that was enrolled anew has another id at its issuer, and the ActiveSync id that it had."""
    old = WITH_TIKTOK
    new = proof(at=LATER, device_id="phone-2", eas_ids=("ApplX1",))
    for order in ((old, new), (new, old)):
        for each in order:
            await postures.current(BROWSER, each, LATER)
        told = await postures.current(APP, None, LATER)
        assert (told.state, told.device_id) == (PostureState.CLEAN, min(PHONE_1, PHONE_2))
        assert await after_restart(store, mail_app("applx1"), None, LATER) == told
        assert len(await store.devices.page()) == 1


async def test_two_sources_speak_for_one_device_from_the_first_request_on(
    store: Store, postures: Postures
) -> None:
    given = proof(at=LATER)
    told = AppsReport(frozenset({"tiktok"}), True, LATER)
    await store.devices.ingest([report_by("intune", "7", apps=told, keys=(given.key_thumbprint,))], LATER)
    posture = await postures.current(BROWSER, given, LATER)
    assert (posture.state, posture.sources) == (PostureState.LISTED, (ISSUER, "intune"))
    assert posture.device_id == new_id(("intune", "7"))
    assert await after_restart(store, BROWSER, given, LATER) == posture


async def test_two_issuers_of_one_id_speak_for_two_devices(postures: Postures) -> None:
    await postures.current(BROWSER, proof("tiktok"), NOW)
    await postures.current(BROWSER, proof(at=LATER, issuer="https://other.example.com"), LATER)
    assert (await postures.current(BROWSER, proof(at=None), LATER)).state is PostureState.LISTED


@pytest.mark.parametrize("given", [None, AttestationResult(refused=Reason.TOKEN_EXPIRED)])
async def test_without_a_good_proof_a_browser_has_no_posture(
    postures: Postures, given: AttestationResult | None
) -> None:
    await postures.current(BROWSER, proof(), NOW)
    assert await postures.current(BROWSER, given, NOW) == Posture()


async def test_a_refused_proof_is_worth_no_more_than_none(postures: Postures) -> None:
    await postures.current(BROWSER, WITH_TIKTOK, NOW)
    refused = AttestationResult(refused=Reason.TOKEN_EXPIRED)
    assert await postures.current(APP, refused, NOW) == await postures.current(APP, None, NOW)


async def test_new_lists_count_at_once(postures: Postures) -> None:
    given = proof("chess")
    assert (await postures.current(BROWSER, given, NOW)).state is PostureState.CLEAN
    postures.catalog = catalog("chess", prohibited=("chess",), games=("chess",))
    posture = await postures.current(BROWSER, given, NOW)
    assert (posture.state, posture.lists) == (PostureState.LISTED, ("games", "prohibited"))
    postures.catalog = catalog("tiktok", prohibited=("tiktok",))
    assert (await postures.current(BROWSER, given, NOW)).apps == ()


async def test_a_token_seen_again_writes_nothing(store: Store, postures: Postures) -> None:
    for given in (proof("tiktok"), proof("tiktok"), proof("tiktok", at=NOW - minutes(9))):
        await postures.current(BROWSER, given, NOW)
        await store.reports.flush()
        await after_restart(store, BROWSER, given, NOW + minutes(1))
        await store.reports.flush()
    assert store.reports.counts.written == 1


async def test_most_requests_do_not_ask_the_store(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = WITH_TIKTOK
    await postures.current(BROWSER, given, NOW)
    await postures.current(mail_app("unknown"), None, NOW)
    monkeypatch.delattr(type(store.devices), "get")
    monkeypatch.setattr(type(store.devices), "find", None)
    for client, known in ((BROWSER, given), (APP, None), (mail_app("unknown"), None)):
        await postures.current(client, known, NOW + timedelta(seconds=4))


async def test_a_token_seen_again_keeps_no_device_for_longer_than_the_store_does(
    store: Store, postures: Postures
) -> None:
    """Else one gate would tell another day of its deletion than the other."""
    await postures.current(BROWSER, WITH_TIKTOK, NOW)
    await store.reports.flush()
    await postures.current(BROWSER, WITH_TIKTOK, LATER)  # the store is asked again by now
    (stored,) = await store.devices.called(PHONE_1)
    known = postures.in_memory(PHONE_1)
    assert known is not None
    assert known.last_seen == stored.last_seen == NOW


async def test_the_devices_of_a_person_are_those_that_are_stored_and_those_on_their_way(
    store: Store, postures: Postures
) -> None:
    await store.devices.ingest([report_by("jamf", "7", "Ada@example.com", Kind.PHONE)], NOW)
    await postures.current(BROWSER, WITH_TIKTOK, NOW)
    owned = await postures.owned("ada@EXAMPLE.com", NOW)
    assert {each.id for each in owned} == {PHONE_1, new_id(("jamf", "7"))}
    assert await postures.owned("bob@example.com", NOW) == ()
    with outage(store), pytest.raises(StoreUnavailableError):
        await postures.owned("eve@example.com", NOW)


async def test_a_forgotten_device_is_unknown_again(store: Store, postures: Postures) -> None:
    await postures.current(BROWSER, WITH_TIKTOK, NOW)
    await store.reports.flush()
    await store.devices.forget(PHONE_1, NOW)
    assert await postures.current(APP, None, LATER) == Posture()


@pytest.mark.usefixtures("store")
class TestStoreDown:
    """A store that does not answer never makes a device clean, and never forgets what is in memory."""

    @pytest.fixture
    def down(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        cut_off(store, monkeypatch)

    @pytest.mark.usefixtures("down")
    async def test_nothing_known_is_unavailable(self, postures: Postures) -> None:
        assert await postures.current(APP, None, NOW) == Posture(state=PostureState.UNAVAILABLE)
        assert await postures.current(BROWSER, None, NOW) == Posture()
        assert (await postures.current(BROWSER, proof(at=None), NOW)).state is PostureState.UNAVAILABLE

    async def test_last_known_counts_until_it_expires(
        self, store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        learned = await postures.current(BROWSER, proof(eas_ids=("ApplX1",), expires=NOW + minutes(60)), NOW)
        cut_off(store, monkeypatch)
        still = await postures.current(APP, None, NOW + minutes(59))
        assert replace(still, last_state=None, last_known_until=None) == learned
        assert (still.last_state, still.last_known_until) == (PostureState.CLEAN, NOW + minutes(60))
        expired = await postures.current(APP, None, NOW + minutes(60))
        assert expired == replace(learned, state=PostureState.UNAVAILABLE, last_state=PostureState.CLEAN)
        postures.terms = replace(postures.terms, last_known_for=minutes(30))
        kept = await postures.current(APP, None, NOW + minutes(61))
        assert kept == replace(expired, expires_at=NOW + minutes(90))

    async def test_a_posture_stale_before_the_outage_stays_stale(
        self, store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        postures.terms = replace(postures.terms, last_known_for=minutes(60))
        await postures.current(BROWSER, KNOWN, NOW)
        await store.reports.flush()
        assert (await postures.current(APP, None, NOW + MAX_AGE)).state is PostureState.STALE
        cut_off(store, monkeypatch)
        silent = await postures.current(APP, None, NOW + MAX_AGE + minutes(1))
        assert (silent.state, silent.last_state) == (PostureState.UNAVAILABLE, PostureState.STALE)
        assert silent.expires_at == NOW + MAX_AGE

    @pytest.mark.usefixtures("down")
    async def test_a_proof_still_counts(self, postures: Postures) -> None:
        given = WITH_TIKTOK
        assert (await postures.current(BROWSER, given, NOW)).state is PostureState.LISTED
        assert (await postures.current(APP, None, LATER)).state is PostureState.LISTED
        assert (await postures.current(BROWSER, proof(at=LATER), LATER)).state is PostureState.CLEAN

    async def test_a_store_is_asked_again_soon_after_the_clock_was_put_back(
        self, store: Store, postures: Postures
    ) -> None:
        await after_restart(store, BROWSER, WITH_TIKTOK, NOW)
        await store.reports.flush()
        with outage(store):
            down = await postures.current(APP, None, NOW + timedelta(hours=1))
            assert down.state is PostureState.UNAVAILABLE
        assert (await postures.current(APP, None, NOW)).state is PostureState.LISTED

    async def test_no_request_waits_for_a_driver_that_does_not_let_go(
        self, store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, released, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def hang(*_: object) -> None:
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                await released.wait()
                ended.set()

        await postures.catch_up(
            NOW
        )  # the one question that is a real one: given up at once, it would outlive the loop
        monkeypatch.setattr(store.devices, "find", hang)
        monkeypatch.setattr(database, "_TIMEOUT_SECONDS", 0)
        posture = await postures.current(APP, None, NOW)
        assert posture.state is PostureState.UNAVAILABLE
        assert asked.is_set()
        assert not ended.is_set()
        released.set()
        await ended.wait()

    async def test_a_posture_learned_in_an_outage_is_stored_afterwards(
        self, store: Store, postures: Postures
    ) -> None:
        with outage(store):
            await postures.current(BROWSER, WITH_TIKTOK, NOW)
            await store.reports.flush()
            assert store.reports.counts.spooled == 1
        # Back, but what was learned is not in yet: it is not forgotten for that.
        assert (await postures.current(APP, None, LATER)).state is PostureState.LISTED
        assert (await after_restart(store, APP, None, LATER)).state is PostureState.LISTED


async def test_a_posture_known_at_once_is_the_one_in_the_store(postures: Postures) -> None:
    """None if the store has to be asked: about a phone that is not in memory, and again once something has changed."""
    assert postures.at_once(BROWSER, NOW) == await postures.current(BROWSER, None, NOW) == Posture()
    assert postures.at_once(APP, NOW) is None
    await postures.current(BROWSER, KNOWN, NOW)
    known = await postures.current(APP, None, NOW)
    assert known.state is PostureState.CLEAN
    assert postures.at_once(APP, NOW) == known
    assert postures.at_once(APP, NOW + MAX_AGE) is None
    await postures.current(BROWSER, WITH_TIKTOK, NOW)
    seen = postures.at_once(APP, NOW)
    assert seen is None or seen.state is PostureState.LISTED


async def test_that_there_is_no_such_phone_is_known_at_once_for_a_moment(postures: Postures) -> None:
    assert await postures.current(mail_app("nobody"), None, NOW) == Posture()
    assert postures.at_once(mail_app("nobody"), NOW) == Posture()
    assert postures.at_once(mail_app("nobody"), LATER) is None


async def test_changes_of_another_process_are_followed_with_one_look(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = store.postures(CATALOG, TERMS)
    await other.current(BROWSER, KNOWN, NOW)
    await store.reports.flush()
    assert (await postures.latest(APP, None, NOW)).state is PostureState.CLEAN
    await other.current(BROWSER, proof("tiktok", at=LATER, eas_ids=("ApplX1",)), LATER)
    await store.reports.flush()
    assert (await postures.latest(APP, None, LATER)).state is PostureState.CLEAN
    await postures.catch_up(LATER + timedelta(seconds=3))
    assert (await postures.latest(APP, None, LATER)).state is PostureState.LISTED
    await other.current(BROWSER, proof(at=LATER + minutes(1), eas_ids=("ApplX1",)), LATER + minutes(1))
    cut_off(store, monkeypatch)
    await postures.catch_up(LATER + minutes(1))
    assert (await postures.latest(APP, None, LATER)).state is PostureState.LISTED


async def test_a_report_to_this_process_counts_at_once(postures: Postures) -> None:
    assert (await postures.latest(APP, None, NOW)).state is PostureState.MISSING
    await postures.current(BROWSER, WITH_TIKTOK, NOW)
    assert (await postures.latest(APP, None, NOW)).state is PostureState.LISTED
    assert (await postures.latest(BROWSER, WITH_TIKTOK, NOW)).state is PostureState.LISTED


# --- what becomes of devices elsewhere


async def test_a_lost_device_is_lost_under_every_name(store: Store, postures: Postures) -> None:
    assert not (await postures.current(BROWSER, KNOWN, NOW)).lost
    await store.reports.flush()
    for at, lost in ((NOW, True), (None, False), (NOW, True)):
        await store.devices.mark_lost(PHONE_1, at)
        await postures.catch_up(NOW)
        told = [
            await postures.current(BROWSER, KNOWN, NOW),
            await postures.current(APP, None, NOW),
            await postures.latest(APP, None, NOW),
            await postures.of_person("ada@example.com", NOW),
        ]
        assert [each.lost for each in told] == [lost] * 4
    renewed = proof(at=LATER, expires=NOW + timedelta(days=8), eas_ids=("ApplX1",))
    assert (await postures.current(BROWSER, renewed, LATER)).lost


async def test_a_report_on_its_way_does_not_hide_a_loss(store: Store, postures: Postures) -> None:
    await postures.current(BROWSER, KNOWN, NOW)
    await store.reports.flush()
    await postures.current(BROWSER, proof("tiktok", at=LATER, eas_ids=("ApplX1",)), LATER)
    await store.devices.mark_lost(PHONE_1, LATER)
    await postures.catch_up(LATER)
    told = await postures.latest(APP, None, LATER)
    assert (told.lost, told.state) == (True, PostureState.LISTED)


async def test_a_device_forgotten_elsewhere_is_unknown_until_its_next_report(
    store: Store, postures: Postures
) -> None:
    await postures.current(BROWSER, KNOWN, NOW)
    await store.reports.flush()
    await postures.catch_up(NOW)
    await store.devices.forget(PHONE_1, NOW)
    await postures.catch_up(NOW)
    assert await postures.current(APP, None, NOW) == Posture()
    assert await postures.latest(APP, None, NOW) == Posture()
    assert (await postures.of_person("ada@example.com", NOW)).state is PostureState.MISSING
    assert (await postures.current(BROWSER, KNOWN, NOW)).state is PostureState.CLEAN
    await store.reports.flush()
    assert [device.id for device in await store.devices.page()] == [PHONE_1]


async def test_an_unknown_mail_app_is_known_once_a_connector_reports_it(
    store: Store, postures: Postures
) -> None:
    assert await postures.current(APP, None, NOW) == Posture()
    assert (await postures.of_person("ada", NOW)).state is PostureState.MISSING
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    phone = report_by("intune", "7", owner="ada", apps=apps, eas_ids=("applx1",))
    await store.devices.ingest([phone, replace(phone, id="8", owner="", names=frozenset())], NOW)
    await postures.catch_up(NOW)
    for told in (await postures.latest(APP, None, NOW), await postures.of_person("ada", NOW)):
        assert (told.state, told.source) == (PostureState.LISTED, "intune")


async def test_two_devices_that_became_one_elsewhere_are_one_here(store: Store, postures: Postures) -> None:
    await postures.current(BROWSER, KNOWN, NOW)
    await store.reports.flush()
    apps = AppsReport(frozenset({"tiktok"}), True, LATER)
    before = replace(apps, at=NOW - minutes(9))
    await store.devices.ingest([report_by("intune", "7", apps=before, serial="SERIAL1")], NOW - minutes(9))
    joins = report_by("intune", "7", apps=apps, serial="SERIAL1", keys=(KNOWN.key_thumbprint,))
    await store.devices.ingest([joins], LATER)
    await postures.catch_up(LATER)
    told = await postures.latest(APP, None, LATER)
    assert (told.state, told.device_id) == (PostureState.LISTED, new_id(("intune", "7")))


async def test_a_large_import_is_followed_to_its_end(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await postures.current(APP, None, NOW) == Posture()
    apps = AppsReport(frozenset(), True, NOW)
    for first in range(0, 30, 10):
        records = [report_by("intune", str(number), apps=apps) for number in range(first, first + 10)]
        await store.devices.ingest(records, NOW)
    await store.devices.ingest([report_by("intune", "last", apps=apps, eas_ids=("ApplX1",))], NOW)
    changes = store.devices.changes
    monkeypatch.setattr(store.devices, "changes", lambda after: changes(after, size=8))
    await postures.catch_up(NOW)
    assert (await postures.latest(APP, None, NOW)).state is PostureState.CLEAN


async def test_a_look_without_changes_costs_one_question(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postures.current(BROWSER, KNOWN, NOW)
    await store.reports.flush()
    await postures.catch_up(NOW)
    for name in ("load", "found_by"):
        monkeypatch.setattr(type(store.devices), name, None)
    await postures.catch_up(NOW)


async def test_a_learned_change_keeps_devices_in_memory(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postures.current(BROWSER, KNOWN, NOW)
    await store.reports.flush()
    learned = await store.devices.last_change()
    await postures.follow(learned, NOW)
    assert (await postures.current(APP, None, NOW)).state is PostureState.CLEAN
    monkeypatch.setattr(type(store.devices), "find", None)
    with monkeypatch.context() as patched:
        patched.delattr(type(store.devices), "changes")
        for seconds in (4, 8):
            await postures.follow(learned, NOW + timedelta(seconds=seconds))
        for number in (learned + 1, None):
            with pytest.raises(AttributeError):
                await postures.follow(number, NOW + timedelta(seconds=8))
    assert (await postures.current(APP, None, NOW + timedelta(seconds=8))).state is PostureState.CLEAN
    with pytest.raises(TypeError):
        await postures.current(APP, None, NOW + timedelta(seconds=9))


async def test_a_source_that_cannot_be_asked_makes_a_report_that_ran_out_unavailable(
    postures: Postures,
) -> None:
    await postures.current(BROWSER, KNOWN, NOW)
    end = NOW + MAX_AGE
    assert (await postures.latest(APP, None, end)).state is PostureState.STALE
    postures.terms = replace(postures.terms, away={ISSUER: NOW}, last_known_for=minutes(60))
    told = await postures.latest(APP, None, end)
    assert (told.state, told.last_state) == (PostureState.UNAVAILABLE, PostureState.CLEAN)


async def test_precedence_counts_at_once(store: Store, postures: Postures) -> None:
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    await store.devices.ingest([report_by("intune", "7", apps=apps, keys=(KNOWN.key_thumbprint,))], NOW)
    given = proof(at=LATER)
    assert (await postures.current(BROWSER, given, LATER)).state is PostureState.CLEAN
    postures.terms = replace(postures.terms, precedence=("intune",))
    assert (await postures.current(BROWSER, given, LATER)).state is PostureState.LISTED


# --- clients that name no device: the posture of a person


OLD_PHONE = {"device_id": "phone-2"}


async def test_a_report_counts_for_its_person_at_once_and_after_a_restart(
    store: Store, postures: Postures
) -> None:
    assert (await postures.of_person("ada@example.com", NOW)).state is PostureState.MISSING
    learned = await postures.current(BROWSER, proof("tiktok"), NOW)
    assert await postures.of_person("ADA@example.com", NOW) == learned
    assert (await postures.of_person("bob", NOW)).state is PostureState.MISSING
    await postures.current(BROWSER, proof(at=NOW + minutes(1)), LATER)
    assert (await postures.of_person("ada@example.com", LATER)).state is PostureState.CLEAN
    await store.reports.flush()
    started = store.postures(CATALOG, TERMS)
    assert (await started.of_person("ada@example.com", LATER)).state is PostureState.CLEAN


async def test_a_report_on_its_way_to_the_store_counts_beside_what_is_stored(
    store: Store, postures: Postures
) -> None:
    await postures.current(BROWSER, proof("tiktok", **OLD_PHONE), NOW)
    await store.reports.flush()
    started = store.postures(CATALOG, TERMS)
    await started.current(BROWSER, proof(), NOW)
    assert (await started.of_person("ada@example.com", NOW)).device_id == PHONE_2
    await started.current(BROWSER, proof(at=LATER, **OLD_PHONE), LATER)
    assert (await started.of_person("ada@example.com", LATER)).state is PostureState.CLEAN
    assert (await started.of_person("ada@example.com", LATER + minutes(1))).state is PostureState.CLEAN


async def test_reports_not_yet_stored_are_added_to_what_is_read(store: Store, postures: Postures) -> None:
    await postures.current(BROWSER, proof("tiktok"), NOW)
    assert await postures.with_pending_reports(lambda: store.devices.called(PHONE_1), NOW) == []
    assert postures.in_memory(PHONE_1)
    await store.reports.flush()
    await postures.current(BROWSER, proof(), NOW)
    (stored,) = await store.devices.called(PHONE_1)
    (known,) = await postures.with_pending_reports(lambda: store.devices.called(PHONE_1), NOW)
    assert [postures.worth(each, NOW).state for each in (stored, known)] == ["listed", "clean"]


async def known_by_reading_it(store: Store, postures: Postures) -> Posture:
    (device,) = await postures.with_pending_reports(lambda: store.devices.called(PHONE_1), NOW)
    return postures.worth(device, LATER)


async def known_by_asking(_store: Store, postures: Postures) -> Posture:
    return await postures.current(APP, None, LATER)


async def known_by_its_person(_store: Store, postures: Postures) -> Posture:
    return await postures.of_person("ada@example.com", LATER)


async def known_by_looking_at_changes(_store: Store, postures: Postures) -> Posture:
    await postures.catch_up(LATER)
    return await postures.latest(APP, None, LATER)


@pytest.mark.parametrize(
    "known", [known_by_reading_it, known_by_asking, known_by_its_person, known_by_looking_at_changes]
)
async def test_a_report_written_during_a_read_is_not_lost(
    store: Store,
    postures: Postures,
    monkeypatch: pytest.MonkeyPatch,
    known: Callable[[Store, Postures], Awaitable[Posture]],
) -> None:
    """What was read is from before, and what was waiting waits no more: the report is in neither."""
    await postures.current(BROWSER, WITH_TIKTOK, NOW)
    await store.reports.flush()
    await postures.current(BROWSER, KNOWN, NOW)
    for name in ("called", "find", "owned", "load"):
        slow_to_answer(store, monkeypatch, name)
    assert (await known(store, postures)).state is PostureState.CLEAN


def slow_to_answer(store: Store, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The answer of the store to this question comes after all that waits has been written."""
    read = getattr(store.devices, name)

    async def late(*asked: object) -> object:
        found = await read(*asked)
        await store.reports.flush()
        return found

    monkeypatch.setattr(store.devices, name, late)


async def test_a_phone_that_changed_hands_is_the_new_owners(store: Store, postures: Postures) -> None:
    await postures.current(BROWSER, proof("tiktok"), NOW)
    assert (await postures.of_person("ada@example.com", NOW)).state is PostureState.LISTED
    await postures.current(BROWSER, proof("tiktok", at=LATER, user="bob"), LATER)
    assert (await postures.of_person("bob", LATER)).state is PostureState.LISTED
    assert (await postures.of_person("ada@example.com", LATER)).state is PostureState.MISSING


async def test_without_the_store_a_person_has_the_last_known_posture(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postures.current(BROWSER, proof(), NOW)
    assert (await postures.of_person("ada@example.com", NOW)).state is PostureState.CLEAN
    cut_off(store, monkeypatch)
    assert (await postures.of_person("ada@example.com", LATER)).state is PostureState.CLEAN
    day_after = NOW + MAX_AGE
    expired = await postures.of_person("ada@example.com", day_after)
    assert (expired.state, expired.last_state) == (PostureState.UNAVAILABLE, PostureState.CLEAN)
    never_asked = await postures.of_person("bob", day_after)
    assert (never_asked.state, never_asked.last_state) == (PostureState.UNAVAILABLE, None)


async def test_a_clean_phone_does_not_stand_for_those_that_the_lost_store_knows(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postures.current(BROWSER, proof("tiktok", **OLD_PHONE), NOW)
    await store.reports.flush()
    started = store.postures(CATALOG, TERMS)
    cut_off(store, monkeypatch)
    await started.current(BROWSER, proof(), NOW)
    assert (await started.of_person("ada@example.com", NOW)).state is PostureState.UNAVAILABLE


CERTIFICATE = CertificateResult("x5t", (("udid", "0000-8120"), ("eas", "4170706C5831"), ("mdm", "device/7")))


@pytest.mark.parametrize(
    "names",
    [
        {"certificates": ("x5t",)},
        {"keys": ("x5t",)},
        {"udid": "00008120"},
        {"eas_ids": ("ApplX1",)},
        {"device_id": "device/7"},
    ],
    ids=lambda names: next(iter(names)),
)
async def test_a_certificate_finds_a_device_by_thumbprint_and_names(
    store: Store, postures: Postures, names: dict[str, object]
) -> None:
    record = report_by(
        **{"source": "mdm", "device_id": "1", "apps": AppsReport(frozenset(), True, NOW), **names}
    )  # type: ignore[arg-type]
    await store.devices.ingest([record, report_by("mdm", "another")], NOW)
    found = await postures.certified(CERTIFICATE, NOW)
    assert (found.state, found.source) == (PostureState.CLEAN, "mdm")
    assert await postures.certified(CertificateResult("other", (("serial", ""),)), NOW) == Posture()


async def test_the_thumbprint_is_asked_before_what_stands_in_the_certificate(
    store: Store, postures: Postures
) -> None:
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    own = report_by("mdm", "1", certificates=("x5t",), apps=apps)
    await store.devices.ingest([report_by("mdm", "device/7"), own], NOW)
    assert (await postures.certified(CERTIFICATE, NOW)).state is PostureState.LISTED


async def test_a_new_report_counts_for_a_certificate_at_once(postures: Postures) -> None:
    await postures.current(BROWSER, KNOWN, NOW)
    await postures._reports.flush()
    assert (await postures.certified(CERTIFICATE, NOW)).state is PostureState.CLEAN
    await postures.current(BROWSER, proof("tiktok", eas_ids=("ApplX1",), at=LATER), LATER)
    assert (await postures.certified(CERTIFICATE, LATER)).state is PostureState.LISTED


async def test_a_store_that_does_not_answer_makes_no_certificate_unknown(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(store, monkeypatch)
    assert (await postures.certified(CERTIFICATE, NOW)).state is PostureState.UNAVAILABLE


async def test_a_device_that_enrolled_is_learned_by_its_own_word_and_found_again(store: Store) -> None:
    postures = store.postures(CATALOG, TERMS)
    said = replace(proof("tiktok", user=""), self_reported=True)
    found = await postures.current(BROWSER, said, NOW)
    assert (found.state, found.sources) == (PostureState.LISTED, ("enrolled",))
    await store.reports.flush()
    other = store.postures(CATALOG, TERMS)
    assert (await other.latest(BROWSER, said, NOW)).state is PostureState.LISTED
    assert await store.devices.get("enrolled", said.device_id)


# --- what is in memory is believed while changes are followed


LONG = NOW + minutes(10)
LOOK = timedelta(seconds=0.25)
APPS = AppsReport(frozenset(), True, NOW)
PHONE = report_by("intune", "7", owner="ada", apps=APPS, eas_ids=("ApplX1",), serial="SERIAL1")
PHONE_WITH_TIKTOK = replace(PHONE, apps=frozenset({"tiktok"}), reported_at=LONG)
BY_SERIAL = CertificateResult("x5t", (("serial", "SERIAL1"),))


async def followed(postures: Postures, start: datetime, end: datetime) -> None:
    """Look at the changes as often as a gate does."""
    now = start
    while now <= end:
        await postures.catch_up(now)
        now += timedelta(seconds=4)  # less than makes it begin anew
    await postures.catch_up(end)


async def asked_for_and_followed(store: Store, postures: Postures, *reports: Report) -> None:
    """A phone that was asked for once, and whose changes were looked for ever since."""
    for report in reports or [PHONE]:
        await store.devices.ingest([report], NOW)
    await followed(postures, NOW, NOW)
    await postures.current(APP, None, NOW)
    await followed(postures, NOW, LONG)


def not_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("find", "owned", "around"):
        monkeypatch.setattr(type(store.devices), name, None)


async def test_a_phone_that_comes_every_ten_minutes_is_asked_for_once(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.devices.ingest([PHONE], NOW)
    await followed(postures, NOW, NOW)
    given = proof(eas_ids=("ApplX2",))
    await postures.current(BROWSER, given, NOW)
    await store.reports.flush()
    await followed(postures, NOW, NOW)  # its own report is a change too
    before = [
        await postures.current(APP, None, NOW),
        await postures.current(BROWSER, given, NOW + timedelta(seconds=6)),
        await postures.certified(BY_SERIAL, NOW),
        await postures.of_person("ada", NOW),
    ]
    await followed(postures, NOW, LONG)
    not_asked(store, monkeypatch)
    assert before == [
        await postures.current(APP, None, LONG),
        await postures.current(BROWSER, given, LONG),
        await postures.certified(BY_SERIAL, LONG),
        await postures.of_person("ada", LONG),
    ]


async def test_a_report_elsewhere_counts_with_the_next_look(store: Store, postures: Postures) -> None:
    await store.devices.ingest([PHONE], NOW)
    await followed(postures, NOW, NOW)
    assert (await postures.current(APP, None, NOW)).state is PostureState.CLEAN
    assert (await postures.certified(BY_SERIAL, NOW)).state is PostureState.CLEAN
    await followed(postures, NOW, LONG)
    await store.devices.ingest([PHONE_WITH_TIKTOK], LONG)
    await followed(postures, LONG + LOOK, LONG + LOOK)
    for found in (
        await postures.current(APP, None, LONG + LOOK),
        await postures.certified(BY_SERIAL, LONG + LOOK),
        await postures.of_person("ada", LONG + LOOK),
    ):
        assert found.state is PostureState.LISTED


async def test_without_looks_the_store_is_asked_again(store: Store, postures: Postures) -> None:
    await asked_for_and_followed(store, postures)
    await store.devices.ingest([PHONE_WITH_TIKTOK], LONG)
    late = LONG + timedelta(seconds=1)
    assert (await postures.current(APP, None, late)).state is PostureState.LISTED


async def test_after_a_look_that_failed_each_device_is_asked_for_again(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asked_for_and_followed(store, postures)
    with outage(store):
        await postures.catch_up(LONG)
    later = LONG + timedelta(seconds=1)
    await followed(postures, later, later)
    asked = store.devices.find
    counted = []
    monkeypatch.setattr(store.devices, "find", lambda *which: counted.append(which) or asked(*which))
    for _ in range(2):
        assert (await postures.current(APP, None, later)).state is PostureState.CLEAN
    assert len(counted) == 1


async def test_a_store_that_has_gone_back_is_asked_again(store: Store, postures: Postures) -> None:
    """As a copy that was put back, or a server that took over before it had the last changes."""
    await asked_for_and_followed(store, postures, PHONE, replace(PHONE, os="ios"))
    async with store.devices._database.writing() as connection:
        await connection.exec_driver_sql("UPDATE device_changes SET number = 1")
        await connection.exec_driver_sql("""UPDATE reports SET apps = '["tiktok"]'""")
    await postures.catch_up(LONG)
    assert (await postures.current(APP, None, LONG)).state is PostureState.LISTED


async def test_a_look_that_fails_half_way_is_taken_up_again(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.devices.ingest([PHONE], NOW)
    await followed(postures, NOW, NOW)
    await postures.current(APP, None, NOW)
    await store.devices.mark_lost((await store.devices.page())[0].id, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(store.devices, "load", away)
        await postures.catch_up(NOW)
    assert not (await postures.latest(APP, None, NOW)).lost
    await postures.catch_up(NOW + timedelta(seconds=1))
    assert (await postures.latest(APP, None, NOW)).lost


@pytest.mark.parametrize(
    ("what", "state"), [("forgotten", PostureState.MISSING), ("reported", PostureState.LISTED)]
)
async def test_a_change_that_is_looked_at_while_the_store_answers_is_not_missed(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch, what: str, state: PostureState
) -> None:
    """The answer is from before the change, and the look found nothing in memory to change."""
    await store.devices.ingest([PHONE], NOW)
    await followed(postures, NOW, NOW)
    (device,) = await store.devices.page()
    find = store.devices.find

    async def late(*asked: object) -> list[Device]:
        found = await find(*asked)  # type: ignore[arg-type]
        if what == "forgotten":
            await store.devices.forget(device.id, NOW)
        else:
            await store.devices.ingest([replace(PHONE, apps=frozenset({"tiktok"}))], NOW)
        await postures.catch_up(NOW)
        return found

    monkeypatch.setattr(store.devices, "find", late)
    await postures.current(APP, None, NOW)
    monkeypatch.setattr(store.devices, "find", find)
    await followed(postures, NOW, LONG)
    assert (await postures.current(APP, None, LONG)).state is state


async def test_a_name_that_went_to_another_device_leads_there(store: Store, postures: Postures) -> None:
    await store.devices.ingest([PHONE], NOW)
    await followed(postures, NOW, NOW)
    assert (await postures.current(APP, None, NOW)).state is PostureState.CLEAN
    await followed(postures, NOW, LONG)
    apps, only_serial = AppsReport(frozenset({"tiktok"}), True, LONG), frozenset({(SERIAL, "SERIAL1")})
    other = report_by("intune", "8", "ada", apps=apps, eas_ids=("ApplX1",), serial="SERIAL2")
    await store.devices.ingest([replace(PHONE, names=only_serial), other], LONG)
    await followed(postures, LONG, LONG)
    assert (await postures.current(APP, None, LONG)).state is PostureState.LISTED
    await store.devices.ingest(
        [report_by("intune", "8", "ada", apps=apps, eas_ids=("ApplX9",), serial="SERIAL2")], LONG
    )
    await followed(postures, LONG, LONG)
    assert await postures.current(APP, None, LONG) == Posture()


async def test_a_token_with_another_name_is_held_against_the_store(store: Store, postures: Postures) -> None:
    """The name may be that of a device that is lost."""
    await store.devices.ingest([PHONE], NOW)
    (device,) = await store.devices.page()
    await store.devices.mark_lost(device.id, NOW)
    await followed(postures, NOW, NOW)
    await postures.current(BROWSER, proof(), NOW)
    await store.reports.flush()
    await followed(postures, NOW, LONG)
    assert not (await postures.current(BROWSER, proof(), LONG)).lost
    assert (await postures.current(BROWSER, proof(at=LONG, eas_ids=("ApplX1",)), LONG)).lost


async def test_a_large_import_that_is_lagged_behind_leaves_the_short_time(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asked_for_and_followed(store, postures)
    for number in range(50):
        await store.devices.ingest([report_by("intune", f"other-{number}", apps=APPS)], LONG)
    await store.devices.ingest([PHONE_WITH_TIKTOK], LONG)
    changes = store.devices.changes
    monkeypatch.setattr(store.devices, "changes", lambda after: changes(after, size=1))
    now = LONG + timedelta(seconds=1)
    await postures.catch_up(now)
    assert (await postures.current(APP, None, now)).state is PostureState.LISTED


@pytest.mark.parametrize("lost", [False, True])
async def test_a_device_that_was_kept_long_enough_is_unknown_here_too(
    store: Store, postures: Postures, lost: bool
) -> None:
    await store.devices.ingest([PHONE], NOW)
    (device,) = await store.devices.page()
    if lost:
        await store.devices.mark_lost(device.id, NOW)
    await followed(postures, NOW, NOW)
    assert (await postures.current(APP, None, NOW)).device_id == device.id
    assert (await postures.certified(BY_SERIAL, NOW)).lost is lost
    await followed(postures, NOW, LONG)
    keep = RetentionTimes(sightings=minutes(5), devices=minutes(5), lost_devices=minutes(5))
    assert await store.retention.prune(LONG, keep)
    await followed(postures, LONG + LOOK, LONG + LOOK)
    assert await postures.current(APP, None, LONG + LOOK) == Posture()
    assert await postures.certified(BY_SERIAL, LONG + LOOK) == Posture()


async def test_a_device_joined_elsewhere_is_joined_here(store: Store, postures: Postures) -> None:
    """This gate knows it by its issuer's name alone, and has never heard of the other one."""
    told = AppsReport(frozenset({"tiktok"}), True, NOW)
    managed = report_by("intune", "7", apps=told, serial="SERIAL1")
    await store.devices.ingest([managed], NOW - minutes(1))
    await store.postures(CATALOG, TERMS).current(BROWSER, KNOWN, NOW)
    await store.reports.flush()
    await followed(postures, NOW, NOW)
    assert (await postures.current(BROWSER, KNOWN, NOW)).state is PostureState.CLEAN
    await followed(postures, NOW, LONG)
    await store.devices.ingest([replace(managed, names=managed.names | {(KEY, KNOWN.key_thumbprint)})], LONG)
    (device,) = await store.devices.page()
    await followed(postures, LONG + LOOK, LONG + LOOK)
    found = await postures.current(BROWSER, KNOWN, LONG + LOOK)
    assert (found.device_id, found.state) == (device.id, PostureState.LISTED)
    assert await after_restart(store, BROWSER, KNOWN, LONG + LOOK) == found


async def test_a_store_that_was_restored_counts_before_the_memory(store: Store, postures: Postures) -> None:
    """The numbers of its changes begin again below those that are in memory."""
    systems = ("android", "ios", "ipados", "android", "ios")
    await asked_for_and_followed(store, postures, *(replace(PHONE, os=system) for system in systems))
    async with store.devices._database.writing() as connection:
        await connection.exec_driver_sql("UPDATE device_changes SET number = 1")
        await connection.exec_driver_sql("UPDATE devices SET changed = 1")
    await followed(postures, LONG, LONG)
    await store.devices.ingest([PHONE_WITH_TIKTOK], LONG)
    await followed(postures, LONG + LOOK, LONG + LOOK)
    assert (await postures.current(APP, None, LONG + LOOK)).state is PostureState.LISTED


async def test_a_newly_listed_app_counts_if_the_token_named_it(store: Store, postures: Postures) -> None:
    given = proof("tiktok")
    postures.catalog = catalog("signal")
    await followed(postures, NOW, NOW)
    assert (await postures.current(BROWSER, given, NOW)).state is PostureState.CLEAN
    await store.reports.flush()
    await followed(postures, NOW, NOW)
    assert (await postures.current(BROWSER, given, NOW)).state is PostureState.CLEAN
    await followed(postures, NOW, LONG)
    postures.catalog = CATALOG
    assert (await postures.current(BROWSER, given, LONG)).state is PostureState.LISTED


async def test_a_hanging_request_does_not_follow_a_name_that_moved(
    store: Store, postures: Postures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.devices.ingest([PHONE], NOW)
    await followed(postures, NOW, NOW)
    assert (await postures.current(APP, None, NOW)).state is PostureState.CLEAN
    await store.devices.ingest(
        [replace(PHONE, names=frozenset({(SERIAL, "SERIAL1")}), reported_at=LONG)], LONG
    )
    await followed(postures, NOW, LONG)
    assert await postures.latest(APP, None, LONG) == Posture()
    not_asked(store, monkeypatch)
    assert await postures.latest(APP, None, LONG + minutes(10)) == Posture()
