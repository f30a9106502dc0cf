"""``mailgate devices`` on a store with two phones and what was decided for them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.admins import admins, token
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import IN_CONFIG, in_store, write_config
from tests.unit.cli.gate_files import SETTINGS_IN_CONFIG as SETTINGS
from tests.unit.store.examples import BLOCK, BROWSER, CATALOG, PHONE_1, PHONE_2, TERMS, access, proof

from mailgate.cli.options import system_user
from mailgate.devices.device import new_id
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, AttestationResult, Denial, Kind
from mailgate.model.device import NotDenied
from mailgate.store import Store

NOW = datetime.now(UTC).replace(microsecond=0)
SOURCE = "https://mdm.example.com"


def fresh(*apps: str, **fields: object) -> AttestationResult:
    return proof(*apps, at=NOW, expires=NOW + timedelta(hours=1), **fields)


def fill(*proofs: AttestationResult) -> None:
    async def filled(store: Store) -> None:
        postures = store.postures(CATALOG, TERMS)
        for each in proofs:
            posture = await postures.current(BROWSER, each, NOW)
            store.ledger.record(replace(access(now=NOW), posture=posture), BLOCK, f"ref-{each.device_id}")

    in_store(filled, IN_CONFIG)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path, SETTINGS)
    return tmp_path


@pytest.fixture
def phones() -> None:
    fill(fresh("tiktok", "chess", eas_ids=("ApplX1",)), fresh(device_id="phone-2", user="bo@example.com"))


devices = partial(call, "devices")


def listed() -> list[str]:
    return [device["id"] for device in json.loads(devices("list", "--json").stdout)]


def test_an_empty_store_lists_nothing() -> None:
    assert json.loads(devices("list", "--json").stdout) == []
    assert devices("list").stdout == "No device is stored yet.\n"


@pytest.mark.usefixtures("phones")
def test_list_shows_every_device_with_its_state_now() -> None:
    table = devices("list").stdout
    row = next(line for line in table.splitlines() if PHONE_1 in line)
    for word in ("ada@example.com", "phone", "ios 26.1", "listed", "Chess, TikTok", SOURCE):
        assert word in row
    assert "clean" in next(line for line in table.splitlines() if PHONE_2 in line)


@pytest.mark.usefixtures("phones")
def test_json_has_everything_of_the_posture() -> None:
    first, second = json.loads(devices("list", "--json").stdout)
    assert first == {
        "id": PHONE_1,
        "state": "listed",
        "kind": "phone",
        "os": "ios",
        "os_version": "26.1",
        "managed": True,
        "owner": "ada@example.com",
        "enrolment": "unknown",
        "compliance": "none",
        "compliance_at": None,
        "compliance_apps": [],
        "threat": "none",
        "absence": None,
        "denied": [],
        "denied_by": "",
        "not_denied": "",
        "unseen": [],
        "apps": ["chess", "tiktok"],
        "lists": ["prohibited"],
        "source": SOURCE,
        "sources": [SOURCE],
        "findings": [],
        "lost": False,
        "lost_at": None,
        "reported_at": NOW.isoformat(),
        "looked_from": NOW.isoformat(),
        "expires_at": (NOW + timedelta(hours=1)).isoformat(),
        "first_seen": NOW.isoformat(),
        "last_seen": NOW.isoformat(),
        "deleted_after": (NOW + timedelta(days=90)).isoformat(),
    }
    assert (second["id"], second["state"]) == (PHONE_2, "clean")


@pytest.mark.usefixtures("phones")
def test_show_adds_names_and_sightings() -> None:
    shown = json.loads(devices("show", "phone-1", "--json").stdout)
    told = {"kind": "eas", "name": "applx1", "sources": [SOURCE], "found_by": True}
    assert told in shown["names"]
    (report,) = shown["reports"]
    assert (report["id"], report["apps"], report["status"]) == ("phone-1", ["chess", "tiktok"], "affirming")
    (seen,) = shown["sightings"]
    assert (seen["rule"], seen["effect"], seen["times"]) == ("prohibited-app", "block", 1)
    assert seen["reference"] == "ref-phone-1"
    text = devices("show", "phone-1").stdout
    for word in ("applx1", "prohibited-app", "last 1 requests", "what each source says"):
        assert word in text


@pytest.mark.usefixtures("phones")
def test_forget_asks_then_deletes_the_device_and_its_sightings(folder: Path) -> None:
    refused = devices("forget", "phone-1", answer="n\n")
    assert (refused.exit_code, listed()) == (1, [PHONE_1, PHONE_2])
    assert f"Forget {PHONE_1} (phone-1 at {SOURCE}) and everything stored about it?" in refused.stderr
    assert devices("forget", "phone-1", answer="y\n").exit_code == 0
    assert json.loads(devices("forget", "phone-2", "--yes", "--json").stdout) == {
        "id": PHONE_2,
        "forgotten": True,
    }
    assert listed() == []
    stored = b"".join(path.read_bytes() for path in (folder / "config" / "var").iterdir())
    assert b"bo@example.com" not in stored


@pytest.mark.parametrize("command", [("show",), ("lost",), ("found",), ("forget", "--yes")])
def test_an_unknown_id_is_said_and_fails(command: tuple[str, ...]) -> None:
    result = devices(*command, "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no device is called nobody; `mailgate devices list`" in result.stderr


def test_a_name_of_several_devices_has_to_be_told_apart() -> None:
    other = "https://other.example.com"
    fill(fresh(), fresh(issuer=other))
    device_id = new_id((other, "phone-1"))
    result = devices("show", "phone-1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"name one by its id: {PHONE_1} (phone-1 at {SOURCE}); {device_id} (phone-1 at {other})"
        in result.stderr
    )
    assert json.loads(devices("show", device_id.upper(), "--json").stdout)["source"] == other
    for command in ("lost", "found", "forget"):
        assert devices(command, "ada@example.com").exit_code == 1


@pytest.mark.usefixtures("phones")
def test_a_lost_device_is_marked_by_any_of_its_names_and_found_again() -> None:
    told = json.loads(devices("lost", "ApplX1", "--json").stdout)
    assert told["id"] == PHONE_1
    shown = json.loads(devices("show", "bo@example.com", "--json").stdout)
    assert (shown["lost"], shown["lost_at"]) == (False, None)
    shown = json.loads(devices("show", PHONE_1, "--json").stdout)
    assert (shown["lost"], shown["lost_at"]) == (True, told["lost_at"])
    assert shown["deleted_after"] > (NOW + timedelta(days=364)).isoformat()
    assert "lost" in next(line for line in devices("list").stdout.splitlines() if PHONE_1 in line)
    assert f"{PHONE_1} (phone-1 at {SOURCE}) is not lost any more" in devices("found", "phone-1").stdout
    assert not json.loads(devices("show", PHONE_1, "--json").stdout)["lost"]


def test_contradictions_are_shown_with_their_sources() -> None:
    key = fresh().key_thumbprint
    other = fresh(issuer="https://other.example.com", key_thumbprint=key, kind=Kind.LAPTOP, user="bo")
    fill(fresh(), other)
    shown = json.loads(devices("show", "phone-1", "--json").stdout)
    assert [each["reason"] for each in shown["findings"]] == [
        "device-kind-contradicted",
        "device-owner-contradicted",
    ]
    assert shown["kind"] == "phone"
    text = devices("show", "phone-1").stdout
    for word in ("what does not fit", "laptop says https://other.example.com", "device-owner-contradicted"):
        assert word in text


@pytest.mark.parametrize("command", [("list",), ("show", "a")])
def test_text_of_strangers_cannot_style_the_terminal(command: tuple[str, ...]) -> None:
    fill(fresh(user="\x1b[31m[bold]\x07", device_id="a"))
    text = devices(*command).stdout
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[31m[bold]" in text


def acts() -> list[tuple[str, str, str]]:
    """What the audit log says: what was done, by whom, to what."""

    async def read(store: Store) -> list[tuple[str, str, str]]:
        return [(each.what, each.who, each.about) for each in await store.audit.page()]

    return in_store(read, IN_CONFIG)


@pytest.mark.usefixtures("phones")
def test_acts_on_devices_are_in_the_audit_log() -> None:
    who = system_user().name
    for command in (("lost", "phone-1"), ("found", "phone-1"), ("forget", "phone-1", "--yes")):
        assert devices(*command).exit_code == 0
    assert devices("forget", "--person", "bo@example.com", "--yes").exit_code == 0
    assert devices("lost", "nothing").exit_code == 1
    assert acts() == [
        ("device-lost", who, f"device {PHONE_1}"),
        ("device-found", who, f"device {PHONE_1}"),
        ("device-forgotten", who, f"device {PHONE_1}"),
        ("person-forgotten", who, ""),
    ]


@pytest.fixture
def admins_ada_and_vic(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings have an operator and a viewer, whose tokens are in files of their names."""
    monkeypatch.delenv("MAILGATE_ADMIN_TOKEN", raising=False)
    settings = SETTINGS + json.dumps({"admins": admins(ada="operator", vic="viewer")})[1:-1] + "\n"
    (folder / "config/mailgate.yaml").write_text(settings)
    for name in ("ada", "vic"):
        (folder / name).write_text(token(name))


@pytest.mark.usefixtures("phones", "admins_ada_and_vic")
@pytest.mark.parametrize(
    "command",
    [
        ("lost", "phone-1"),
        ("found", "phone-1"),
        ("forget", "phone-1", "--yes"),
        ("forget", "--person", "bo@example.com", "--yes"),
    ],
    ids=" ".join,
)
def test_if_there_are_admins_nobody_else_changes_a_device(command: tuple[str, ...]) -> None:
    assert devices(*command).exit_code == 1
    assert "role operator" in devices(*command, "--token-file", "vic").output
    assert acts() == []


@pytest.mark.usefixtures("phones", "admins_ada_and_vic")
def test_if_there_are_admins_an_operator_changes_a_device() -> None:
    assert devices("lost", "phone-1", "--token-file", "ada").exit_code == 0
    assert acts() == [("device-lost", "ada", f"device {PHONE_1}")]


run = partial(call, "apps", config=True)


@pytest.fixture
def has(config: Path) -> None:
    async def fill(store: Store) -> None:
        now = datetime.now(UTC)
        apps = AppsReport(frozenset({"tiktok"}), True, now)
        await store.devices.ingest([report_by("mdm", "1", owner="ada", apps=apps)], now)

    in_store(fill)


def test_apps_are_listed_with_who_has_them_now(has: None) -> None:
    assert "tiktok TikTok" in " ".join(run().output.split())
    (told, *_) = json.loads(run("--json").output)
    assert (told["key"], told["people"], told["devices"]) == ("tiktok", 1, 1)


@pytest.mark.parametrize(
    ("denial", "said"),
    [
        (Denial(frozenset({"tiktok"}), NOW, by="cope 12"), ("denied tiktok", "cope 12")),
        (
            Denial(frozenset(), NOW, failed=NotDenied.OTHER_USERS_ALLOWED),
            ("other-users-allowed: Its policy allows other users on it, whose apps nobody sees.",),
        ),
    ],
)
def test_show_says_which_apps_cannot_run_or_why_they_may(denial: Denial, said: tuple[str, ...]) -> None:
    async def filled(store: Store) -> None:
        await store.devices.ingest([report_by("amapi", "cope", denial=denial)], NOW)

    in_store(filled, IN_CONFIG)
    text = " ".join(devices("show", "cope").stdout.split())
    assert [words for words in said if words not in text] == []
