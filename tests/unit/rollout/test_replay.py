"""What a stored sighting or device looks like to a decision now: as it was recorded, or unknown."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.unit.gateway.gates import gate, renew
from tests.unit.gateway.phones import PROXIES, Believing
from tests.unit.gateway.wire import exchange, facts_of
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.classify import classify
from mailgate.devices.device import Device, Report
from mailgate.devices.trust import report_by
from mailgate.model import (
    Access,
    AppsReport,
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Denial,
    Enrolment,
    ExtensionWord,
    Kind,
    ManagementVerdict,
    Posture,
    PostureState,
    Reason,
    Threat,
    User,
)
from mailgate.model.device import PostureTerms
from mailgate.policy.decide import decide
from mailgate.policy.people import NO_GROUPS, Groups
from mailgate.policy.variables import VARIABLES, KeptBy
from mailgate.rollout.replay import (
    ASSUMED,
    UNRECORDED_IN_DEVICES,
    Population,
    PostureInputs,
    access_again,
    assumed_of,
    goes_by_person,
    posture_for,
    reported,
    unrecorded_in,
    unrecorded_of_person,
)
from mailgate.store import Proofs, Store
from mailgate.store.client_facts import client_facts

POLICY = rules().policy
LISTS = PostureInputs(POLICY.catalog, people.TERMS)
GROUPS = Groups.of_members({"pilot": ["ada"], "sales": ["grace"]})
NEVER_KEPT = {name for name, each in VARIABLES.items() if each.kept_by is KeptBy.NOTHING}
OF_A_DEVICE = {name for name in VARIABLES if name.startswith("device.")}
OF_A_CLIENT = {name for name in VARIABLES if name.startswith("client.")}
BY_PERSON = replace(people.TERMS, by_person=True)


def device(name: str, *apps: str) -> Device:
    phone = Report(people.ISSUER, name, "ada", Kind.PHONE, "ios", "26.1")
    report = replace(phone, apps=frozenset(apps), apps_complete=True, reported_at=NOW)
    return Device(name, (report,))


PHONE, WORSE = device("phone-1"), device("phone-2", "tiktok")
BROWSER, MAIL = classify(people.page_load(people.IPHONE)), classify(people.imap())


# The world: a phone and a laptop of two people, known to device management by names of every kind.


def known(number: int, owner: str, kind: Kind, os: str, apps: tuple[str, ...] = ()) -> Report:
    return report_by(
        people.ISSUER, f"phone-{number}", owner, kind, os, "26.1", managed=True, status="affirming",
        apps=AppsReport(frozenset(apps), True, NOW - timedelta(hours=2)), eas_ids=(f"EAS{number}",),
        udid=f"00008120-00000000000{number}", certificates=(f"certificate-{number}",), enrolment=Enrolment.SUPERVISED,
        verdict=ManagementVerdict(Compliance.COMPLIANT, NOW - timedelta(hours=1), frozenset({"tiktok"}), Threat.LOW),
        denial=Denial(frozenset({"tiktok"}), NOW - timedelta(hours=3), by="phones 7"),
    )  # fmt: skip


WORLD = (
    known(1, "ada", Kind.PHONE, "ios", ("tiktok",)),
    known(2, "grace", Kind.LAPTOP, "macos"),
    known(3, "", Kind.UNKNOWN, ""),
)

_AGENTS = YAML(typ="safe").load(Path("tests/vectors/clients.yaml").read_text())
agents = st.sampled_from([each for group in _AGENTS.values() for each in group]) | st.sampled_from(
    [people.IPHONE, people.WINDOWS, "", "Apple-iPhone14C2/2105.80", "addon/1.0 " * 60 + people.IPHONE]
)
targets = st.sampled_from(
    [
        "/", "/mail/7?_task=mail", "/SOGo/dav/ada/", "/EWS/Exchange.asmx", "/jmap/session", "/mapi/emsmdb/",
        "/autodiscover/autodiscover.xml", "/autodiscover/autodiscover.json?Email=ada@example.com",
        "/Microsoft-Server-ActiveSync", "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=EAS1&DeviceType=iPhone&User=x",
        "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=EAS2&DeviceType=WindowsOutlook15",
        "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=EAS9&DeviceType=Android",
        "/Microsoft-Server-ActiveSync?DeviceId=EAS1&DeviceId=EAS2",
        f"/Microsoft-Server-ActiveSync?DeviceId=EAS1&DeviceType={'x' * 200}",
        "/index.php/Microsoft-Server-ActiveSync?DeviceId=EAS1&DeviceType=iPhone",
    ]
)  # fmt: skip
fields = st.lists(
    st.sampled_from(
        [
            b"Accept: text/html", b"Sec-Fetch-Mode: navigate", b"Sec-Fetch-Mode: cors", b"Depth: 1",
            b"Content-Type: text/xml", b"Content-Type: application/vnd.ms-sync.wbxml", b"Sec-CH-UA-Mobile: ?1",
            b'Sec-CH-UA-Platform: "Android"', b'Sec-CH-UA-Platform: "Windows"', b'Sec-CH-UA-Model: "Pixel 9"',
            b"Sec-CH-UA: " + b"x" * 700, b"X-Forwarded-User: ada", b"X-Forwarded-User: Grace",
            b"Authorization: Basic YWRhOng=", b"Cookie: session=7", b"X-Forwarded-Proto: https",
        ]
    ),
    max_size=4,
    unique_by=lambda line: line.partition(b":")[0],
)  # fmt: skip
attestations = st.none() | st.builds(
    lambda number, kind, os, user, status, own, refused: (
        AttestationResult(refused=refused, detail="why")
        if refused
        else AttestationResult(
            f"phone-{number}", "https://gate.example.com" if own else people.ISSUER, f"key-{number}", kind, os, "18.2",
            user=user, status=status, self_reported=own,
            extension=ExtensionWord("0.2.0", "admin", True, "Chrome", "142.0.1", os, None, False, True) if own else None,
        )
    ),
    st.sampled_from([1, 2, 7]),
    st.sampled_from([None, Kind.PHONE, Kind.TABLET, Kind.LAPTOP, Kind.UNKNOWN]),
    st.sampled_from(["", "ios", "windows"]),
    st.sampled_from(["", "ada", "lin"]),
    st.sampled_from(["none", "affirming", "warning", "contraindicated"]),
    st.booleans(),
    st.sampled_from([None, None, Reason.TOKEN_EXPIRED, Reason.PROOF_STALE, Reason.KEY_REVOKED]),
)  # fmt: skip
certificates = st.sampled_from(
    [
        None, None,
        *(CertificateResult(f"certificate-{number}") for number in (1, 2, 3, 8)),
        CertificateResult("other", (("udid", "00008120-000000000001"),)),
        CertificateResult(refused=Reason.CERTIFICATE_EXPIRED, detail="long ago"),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A request that comes to a gate. ``moved``: its key came back from another network; ``by_person``: phones' browsers go by their
    person."""

    method: str
    target: str
    agent: str
    fields: tuple[bytes, ...]
    proof: AttestationResult | None
    certificate: CertificateResult | None
    moved: bool
    by_person: bool = False

    @property
    def terms(self) -> PostureTerms:
        return BY_PERSON if self.by_person else people.TERMS


requests = st.builds(
    Asked,
    st.sampled_from(["GET", "POST", "OPTIONS", "PROPFIND", "HEAD", "X" * 40]),
    targets,
    agents,
    fields.map(tuple),
    attestations,
    certificates,
    st.booleans(),
    st.booleans(),
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The addresses of stores that know the devices of ``WORLD``, one after the other."""
    folder = tmp_path_factory.mktemp("stores")
    filled = folder / "filled.db"

    async def make() -> None:
        store = await Store.open(f"sqlite:///{filled}")
        await store.devices.ingest(WORLD, NOW)
        await store.close()

    def copies() -> Iterator[str]:
        for number in count():
            path = Path(shutil.copy(filled, folder / f"{number}.db"))
            yield f"sqlite:///{path}"
            path.unlink()

    asyncio.run(make())
    return copies()


async def judged(store: Store, asked: Asked) -> Access:
    """What a gate makes of this request: its own steps, with verifiers that find what the request says."""
    on = gate(postures=store.postures(POLICY.catalog, asked.terms))
    renew(on, verifier=Believing(asked.proof), groups=GROUPS, policy=POLICY)
    on.judge.prover.copied_keys.moved_back = lambda *_: asked.moved  # type: ignore[method-assign]
    told = [b"Device-Attestation: x"] if asked.proof else []
    line = f"{asked.method} {asked.target} HTTP/1.1".encode()
    head = exchange(line, b"User-Agent: " + asked.agent.encode(), *asked.fields, *told).head
    certificate: Any = asked.certificate or ()
    incoming = facts_of(head, peer="192.0.2.1", secure=True, trusted=PROXIES, certificate=certificate)
    access, _ = await on.judge.verdict(incoming, NOW)
    return access


async def replayed(store: Store, access: Access, lists: PostureInputs = LISTS) -> Any:
    """The occasion that a plan makes of this access, once it was recorded."""
    store.ledger.record(access, decide(access, POLICY))
    await store.reports.flush()
    await store.ledger.flush()
    population = Population(store, lists, lists, NOW.date(), NOW, GROUPS)
    pages = [page async for page in population.devices("", None)]
    pages += [page async for page in population.strangers()]
    occasions = [each for page in pages for subject in page for each in subject.occasions]
    (seen,) = [each for each in occasions if not each.assumed]
    return seen


def differing(access: Access, again: Access, unrecorded: frozenset[str]) -> dict[str, tuple[object, object]]:
    """Every variable that is not called unrecorded and has another value again."""
    values = {name: (each.read(access), each.read(again)) for name, each in VARIABLES.items()}
    return {name: both for name, both in values.items() if name not in unrecorded and both[0] != both[1]}


OWN = AttestationResult("phone-1", people.ISSUER, "key-1", Kind.LAPTOP, status="affirming")
SELF = AttestationResult("phone-7", "https://gate.example.com", "key-7", Kind.LAPTOP, self_reported=True)
EAS = "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=EAS1&DeviceType=iPhone"
ADA, GRACE = ((f"X-Forwarded-User: {name}".encode(),) for name in ("ada", "Grace"))
BASIC = b"Authorization: Basic YWRhOng="
FIRST, EIGHTH = (CertificateResult(f"certificate-{number}") for number in (1, 8))


@settings(max_examples=150, deadline=None)
@given(requests)
@example(Asked("POST", EAS.replace("iPhone", "WindowsOutlook15"), "", (), None, None, moved=False))
@example(Asked("GET", "/", people.WINDOWS, (), OWN, None, moved=True))
@example(Asked("GET", "/", people.IPHONE, ADA, None, None, moved=False, by_person=True))
@example(Asked("GET", "/", people.IPHONE, (*GRACE, BASIC), None, None, moved=False, by_person=True))
@example(Asked("GET", "/", people.IPHONE, GRACE, None, FIRST, moved=False))
@example(Asked("GET", "/", people.IPHONE, GRACE, None, EIGHTH, moved=False, by_person=True))
@example(Asked("GET", "/", "", (), SELF, None, moved=False))
@example(Asked("GET", "/", people.IPHONE, (), OWN, None, moved=False))
@example(Asked("POST", EAS, "", (), None, CertificateResult("certificate-2"), moved=False))
@example(Asked("POST", EAS, "", (), None, FIRST, moved=False))
def test_every_variable_has_the_value_that_it_had_or_is_called_unrecorded(
    stores: Iterator[str], asked: Asked
) -> None:
    """The law of evidence: what a plan replays was recorded, or counts as unknown."""

    async def held() -> None:
        store = Store.beside(next(stores))
        try:
            access = await judged(store, asked)
            seen = await replayed(store, access, PostureInputs(POLICY.catalog, asked.terms))
            assert differing(access, seen.before, seen.unrecorded) == {}
            found = {each.reason for each in access.client.findings}
            whole = client_facts(access).proofs is not None
            also: set[str] = OF_A_DEVICE if Reason.TWO_DEVICES in found else set()
            if Reason.DEVICE_OF_ANOTHER in found:
                also = OF_A_DEVICE | OF_A_CLIENT
            if any(each.user.name != access.user.name for each in access.claims):
                also = also | {"user.name", "user.groups"}
            expected = (NEVER_KEPT | also) if whole else VARIABLES.keys() - {"now"}
            # a browser whose proof tells nothing goes by its person too, and what was read so is not kept
            offered = asked.by_person and bool(asked.proof or asked.certificate)
            assert expected <= seen.unrecorded <= (expected | OF_A_DEVICE if offered else expected)
        finally:
            await store.close()

    asyncio.run(held())


@pytest.mark.parametrize("client", ["iPhone Mail", "Thunderbird", "x" * 99])
@pytest.mark.parametrize("user", ["ada", "grace", "lin"])
async def test_variables_of_a_login_at_the_mail_server_are_replayed_too(
    store: Store, client: str, user: str
) -> None:
    await store.devices.ingest(WORLD, NOW)
    facts = replace(people.imap(client), user=user)
    told = classify(facts)
    postures = store.postures(POLICY.catalog, people.TERMS)
    posture = Posture() if told.kind is Kind.LAPTOP else await postures.of_person(user, NOW)
    access = Access(facts, told, posture, NOW, GROUPS.user(user))
    seen = await replayed(store, access)
    assert differing(access, seen.before, seen.unrecorded) == {}
    assert seen.unrecorded == NEVER_KEPT


def test_each_variable_says_what_keeps_it() -> None:
    """Of a request that was recorded in full, nothing else is unknown. Of a device that never asked, what is assumed is named."""
    kept = client_facts(Access(people.page_load(people.IPHONE), BROWSER, Posture(), NOW))
    assert unrecorded_in(kept) == NEVER_KEPT
    by_sighting = {name for name, each in VARIABLES.items() if each.kept_by is KeptBy.SIGHTING}
    assert NEVER_KEPT < UNRECORDED_IN_DEVICES
    by_report = {"client.form", "client.os", "client.os_version"}
    """Known of a device that never asked, but a request may name them otherwise."""
    assert NEVER_KEPT | by_sighting | by_report == UNRECORDED_IN_DEVICES | ASSUMED | {"user.name"}
    assert assumed_of(Posture(kind=Kind.PHONE, os="ios", owner="ada")) == ASSUMED
    assert assumed_of(Posture(kind=Kind.PHONE)) == ASSUMED | {"user.name", "user.groups"}
    assert assumed_of(Posture(kind=Kind.LAPTOP, owner="ada")) == ASSUMED - {"client.form"}
    assert {"client.kind", "client.handheld", "client.os"} <= assumed_of(Posture(kind=Kind.UNKNOWN))


def test_a_row_without_the_outcome_of_proofs_tells_nothing_about_the_request() -> None:
    kept = client_facts(Access(people.page_load(people.IPHONE), BROWSER, Posture(), NOW))
    assert unrecorded_in(kept._replace(proofs=None)) == VARIABLES.keys() - {"now"}


def test_with_two_devices_it_is_unknown_what_is_on_them() -> None:
    kept = client_facts(Access(people.page_load(people.IPHONE), BROWSER, Posture(), NOW))
    two = kept._replace(proofs=Proofs(certificate="accepted", findings=("two-devices",)))
    assert unrecorded_in(two) == NEVER_KEPT | OF_A_DEVICE
    again = access_again(two, "", [LISTS.posture(PHONE, NOW)], NO_GROUPS, NOW)
    assert [each.reason for each in again.client.findings] == [Reason.TWO_DEVICES]


@pytest.mark.parametrize(
    ("told", "goes"),
    [
        (Proofs(named_by="proxy"), True),
        (Proofs(), False),
        (Proofs(named_by="proof"), False),
        (Proofs(named_by="proxy", login="accepted"), False),
        (Proofs(named_by="proxy", login="refused"), False),
        (Proofs(named_by="proxy", attestation="token-expired"), False),
        (Proofs(named_by="proxy", certificate="accepted"), False),
        (Proofs(named_by="proxy", findings=("device-of-another",)), False),
        (None, False),
    ],
)
def test_a_browser_goes_by_its_person_again_if_nothing_else_was_said(told: Proofs | None, goes: bool) -> None:
    kept = client_facts(Access(people.page_load(people.IPHONE), BROWSER, Posture(), NOW))
    assert goes_by_person(kept._replace(proofs=told), BY_PERSON) is goes
    offered = told is not None and bool(told.attestation or told.certificate or told.login)
    unrecorded = OF_A_DEVICE if offered else frozenset()
    assert unrecorded_of_person(kept._replace(proofs=told), [], BY_PERSON) == unrecorded
    assert not unrecorded_of_person(kept._replace(proofs=told), [PHONE], BY_PERSON)
    assert not goes_by_person(kept._replace(proofs=told), people.TERMS)


def test_a_person_has_the_groups_that_they_have_now() -> None:
    kept = client_facts(Access(people.page_load(people.IPHONE), BROWSER, Posture(), NOW))
    assert access_again(kept, "Ada", (), GROUPS, NOW).user == User("ada", ("pilot",), groups_known=True)


def test_a_device_that_was_not_seen_is_what_it_reported() -> None:
    client = reported(Kind.TABLET, "ipados", "26.1")
    assert (client.kind, client.handheld) == (Kind.TABLET, True)
    assert (client.os, client.contradicted) == ("ipados", False)
    assert reported(None, "", "").kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("client", "known", "state"),
    [
        (BROWSER, (PHONE, WORSE), PostureState.CLEAN),
        (MAIL, (PHONE, WORSE), PostureState.LISTED),
        (replace(MAIL, kind=Kind.LAPTOP), (PHONE, WORSE), PostureState.MISSING),
        (BROWSER, (), PostureState.MISSING),
    ],
    ids=["a browser's own", "the worst of the person at the side door", "none of a laptop there", "none where nothing is known"],
)  # fmt: skip
def test_a_login_at_the_mail_server_has_the_posture_of_its_person(
    client: Client, known: tuple[Device, ...], state: PostureState
) -> None:
    assert posture_for(client, [LISTS.posture(each, NOW) for each in known]).state is state
