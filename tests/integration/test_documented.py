"""What ``docs/attestation.md`` says is enough to write a client of one's own."""

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
from tests.integration.conftest import IPHONE, LAPTOP
from tests.integration.documented_client import Answer, Client, verified_claims
from tests.integration.fleet import PUBLIC, Fleet, fleet, mailgate
from tests.integration.gate import wait_for
from tests.servers import free_port

STATUS = "/.mailgate/status"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documented")


@pytest.fixture(scope="module")
def gates(directory: Path) -> Iterator[Fleet]:
    """One gate, which nobody asks for mail."""
    settings = {"attestation": {"nonces": "require"}, "enrolment": {"attempts": 1000}}
    webmail = f"http://127.0.0.1:{free_port()}"
    with fleet(directory, webmail, f"sqlite:///{directory}/shared.db", size=1, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def token(gates: Fleet, directory: Path) -> str:
    """What devices enrol with that need no token of their own."""
    return str(mailgate(directory, "enroll", "token", "--uses", "100")["token"])


@pytest.fixture
def client(gates: Fleet) -> Client:
    return Client(gates.url(), PUBLIC)


def seen(client: Client, agent: str = LAPTOP) -> dict[str, object]:
    _, told = client.ask("GET", STATUS, User_Agent=agent, Device_Attestation=client.token)
    found: dict[str, object] = told["client"]
    return found


def test_a_device_enrols_reads_mail_and_is_revoked(client: Client, token: str, directory: Path) -> None:
    status, told = client.enrol(token)
    assert (status, told["key_thumbprint"]) == (201, client.thumbprint)
    assert told["attest_url"] == PUBLIC + "/.mailgate/attest"
    assert client.enrol(token)[0] == 200

    status, attested = client.report(form_factors=["Desktop"])
    assert (status, attested["expires_at"] - attested["server_time"]) == (200, told["token_lifetime"])
    assert (seen(client)["kind"], seen(client)["assurance"]) == ("laptop", "attested")
    claims = verified_claims(client.token, client.ask("GET", "/.mailgate/jwks.json")[1])
    assert (claims["sub"], claims["cnf"]) == (told["device_id"], {"jkt": client.thumbprint})

    first = client.token
    assert client.report()[0] == 200
    assert client.token != first
    assert seen(client)["assurance"] == "attested"

    mailgate(directory, "enroll", "revoke", told["device_id"])
    assert wait_for(lambda: seen(client)["assurance"] == "claimed")
    assert "attestation-invalid" in seen(client)["findings"]
    status, refused = client.report()
    assert (status, refused["reason"]) == (403, "key-revoked")
    status, refused = client.enrol(token)
    assert (status, refused["reason"]) == (403, "key-revoked")


def test_a_device_is_the_stricter_of_report_and_headers(client: Client, token: str) -> None:
    client.enrol(token)
    client.report(os="windows", form_factors=["Desktop"])
    assert seen(client, IPHONE)["kind"] == "phone"
    for said in ({"os": "android"}, {"os": "linux", "form_factors": ["Mobile"]}):
        client.report(**said)
        assert seen(client)["kind"] == "phone"
        assert "kind-contradicted" in seen(client)["findings"]
    client.report(os="macos", touch_points=5)
    assert seen(client)["kind"] == "tablet"


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"os": "beos"}, "os"),
        ({"os": "linux", "os_version": "x" * 65}, "os_version"),
        ({"os": "linux", "form_factors": ["Desktop"] * 9}, "form_factors"),
        ({"os": "linux", "touch_points": 1e9}, "touch_points"),
        ({"os": "linux", "name": "Ada"}, "an unknown member"),
        (["linux"], "JSON object"),
    ],
)
def test_a_malformed_report_is_refused_with_its_member_named(
    client: Client, said: object, place: str, token: str
) -> None:
    client.enrol(token)
    status, told = client.ask("POST", "/.mailgate/attest", said)
    assert (status, told["reason"]) == (400, "request-malformed")
    assert place in told["detail"]
    assert client.report(padding="x" * 20_000)[0] == 413


def test_one_of_two_devices_at_once_gets_the_single_use(client: Client, directory: Path) -> None:
    code = mailgate(directory, "enroll", "code")["token"]
    both = [client, Client(client.address, PUBLIC)]
    assert [each.enrol("7K3M-0000")[0] for each in both] == [403, 403]  # each has a nonce by now
    at_once, found = Barrier(2), list[Answer]()

    def come(each: Client) -> None:
        at_once.wait()
        found.append(each.enrol(code))

    coming = [Thread(target=come, args=(each,)) for each in both]
    for thread in coming:
        thread.start()
    for thread in coming:
        thread.join()
    assert sorted(status for status, _ in found) == [201, 403]


def test_a_key_in_two_places_at_once_is_noticed(client: Client, token: str) -> None:
    client.enrol(token)
    client.report(os="linux")
    copied = Client(client.address, PUBLIC, client.key, client.nonce, client.token)
    other = LAPTOP.replace("145.0", "146.0")
    assert "key-in-two-places" not in seen(client)["findings"] + seen(copied, other)["findings"]
    assert "key-in-two-places" in seen(client)["findings"]
