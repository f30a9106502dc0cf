"""Every way by which somebody could put in force alone what blocks people, tried at a gate that runs."""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests.admins import admins, token
from tests.integration.company import Issuer, Phone
from tests.integration.conftest import LAPTOP
from tests.integration.fleet import PUBLIC
from tests.integration.gate import APPS, Gate, wait_for, write_config
from tests.integration.test_approvals import command, held
from tests.integration.test_reload import SHUT
from tests.integration.test_versions import of_any_store, ready
from tests.integration.test_versions import start as start
from tests.integration.test_versions import url as url
from tests.unit.store.test_audit import CHANGES, OF_POSTGRESQL, OF_SQLITE, tamper

from mailgate.attest.mint import JWKS_FILE, TEST_ISSUER, key_files
from mailgate.store.migrate import store_url

WHO = admins(ada="operator", lin="approver", kim="viewer")
PEOPLE = [f"person{number}" for number in range(5)]
RULES: list[dict[str, Any]] = [
    {"id": "pilot", "when": "true", "effect": "block", "groups": ["pilot"]},
    {"id": "listed", "when": '"prohibited" in device.lists', "effect": "block"},
    {"id": "open", "when": "true", "effect": "allow"},
]

SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
WARNS = {"id": "soon", "when": "true", "effect": "warn"}
WARNS_BY_STAGE = {
    "id": "soon",
    "when": "true",
    "effect": "block",
    "stages": {"warn": "2020-01-01", "enforce": "2099-01-01"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The one of the files of the gate."""
    return tmp_path / "one"


def begin(folder: Path, url: str, rules: Sequence[dict[str, Any]] = RULES[1:], **settings: Any) -> None:
    """A guard that lets nobody pass without another's word, and no groups."""
    folder.mkdir()
    known = {"store": url, "guard": {"max_newly_blocked": 0}, "admins": WHO, "trusted_proxies": ["127.0.0.1"]}
    write_config(folder, "http://127.0.0.1:9", known | settings, {"rules": [*rules]})


def seen(gate: Gate) -> Gate:
    """Everybody has come to this gate, and is recorded."""
    assert kept_out(gate) == []
    assert wait_for(lambda: gate.has_written(len(PEOPLE)))
    return gate


def settled(folder: Path, url: str, **settings: Any) -> Path:
    """Settings that let two people pass without another's word, and one group of somebody who never comes."""
    folder.mkdir()
    (folder / "groups.yaml").write_text("groups: {pilot: [nobody]}\n")
    known = {"store": url, "guard": {"max_newly_blocked": 2}, "admins": WHO, "trusted_proxies": ["127.0.0.1"]}
    return write_config(folder, "http://127.0.0.1:9", known | settings, {"rules": RULES})


def comes(gate: Gate, person: str) -> int:
    headers = {"User-Agent": LAPTOP, "X-Forwarded-User": person}
    try:
        urlopen(Request(f"http://{gate.public[0]}:{gate.public[1]}/", headers=headers))
    except HTTPError as error:
        with error:
            return error.code
    raise AssertionError("no webmail is there")


def kept_out(gate: Gate) -> list[str]:
    return [person for person in PEOPLE if comes(gate, person) == 403]


def asked(gate: Gate, who: str, path: str, **body: Any) -> int:
    """The status with which the API answers an admin."""
    headers = {"Authorization": f"Bearer {token(who)}", "Content-Type": "application/json"}
    address = f"http://{gate.admin[0]}:{gate.admin[1]}/api/v1{path}"
    try:
        with urlopen(Request(address, json.dumps(body).encode(), headers)) as response:
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code


def keeping_out(people: Iterable[str], then: Sequence[dict[str, Any]] = RULES) -> str:
    """Rules by which these are kept out too."""
    when = " || ".join(f'user.name == "{person}"' for person in people)
    return json.dumps({"rules": [{"id": "some", "when": when, "effect": "block"}, *then]})


EVERYBODY_OUT = json.dumps(
    {"rules": [{"id": "shut", "when": 'user.name.startsWith("person")', "effect": "block"}, *RULES[1:]]}
)


def planned(folder: Path, rules: str) -> str:
    (folder / "draft.yaml").write_text(rules)
    code, said = command(folder, "ada", "policy", "plan", str(folder / "draft.yaml"), "--json")
    assert code == 0, said
    return str(json.loads(said)["digest"])


def applied(folder: Path, digest: str, who: str = "ada") -> tuple[int, str]:
    return command(folder, who, "policy", "apply", digest, "--note", "now")


def changed(url: str, *statements: str, **values: Any) -> None:
    with create_engine(store_url(url), poolclass=NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def test_no_way_of_coming_into_force_leads_past_the_guard(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    settled(folder, url)
    gate = seen(start("one"))

    # who is in a group is a part of the rules
    before = (folder / "groups.yaml").read_text()
    (folder / "groups.yaml").write_text(json.dumps({"groups": {"pilot": PEOPLE}}))
    assert wait_for(lambda: "5 of 5 people would or might lose mail" in held(gate))
    assert kept_out(gate) == []
    (folder / "groups.yaml").write_text(before)
    assert wait_for(lambda: not held(gate))

    # of an app that is new on a list no report tells who has it
    before = (folder / "apps.yaml").read_text()
    write_apps(folder, ["game"], game={"name": "Game"})
    assert wait_for(lambda: "no report tells yet who has Game" in held(gate))
    (folder / "apps.yaml").write_text(before)
    assert wait_for(lambda: not held(gate))

    # many small steps are one big one, whichever way the last one comes
    for count in (1, 2):
        assert applied(folder, planned(folder, keeping_out(PEOPLE[:count])))[0] == 0
    third = planned(folder, keeping_out(PEOPLE[:3]))
    code, why = applied(folder, third)
    assert (code, "after 2 within 7 days" in why) == (1, True)
    assert asked(gate, "ada", f"/plans/{third}/apply", note="now") == 409
    (folder / "policy.yaml").write_text(keeping_out(PEOPLE[:3]))
    assert wait_for(lambda: "after 2 within 7 days" in held(gate))
    assert wait_for(lambda: kept_out(gate) == PEOPLE[:2])

    # a retraction goes to the version before alone, and never to what was taken back
    assert command(folder, "lin", "policy", "approve", third, "--note", "looked")[0] == 0
    assert applied(folder, third)[0] == 0
    assert wait_for(lambda: kept_out(gate) == PEOPLE[:3])
    assert command(folder, "lin", "policy", "rollback", "--note", "sent in error")[0] == 0
    serial = ready_serial(gate, 5)
    for who in ("lin", "ada"):
        for to in ("4", "1"):
            code, why = command(folder, who, "policy", "rollback", "--to", to, "--note", "after all")
            assert code == 1
            assert "mailgate policy plan --version" in why
            assert asked(gate, who, "/policy/rollbacks", note="after all", to=int(to)) == 409
    assert wait_for(lambda: kept_out(gate) == PEOPLE[:2])
    assert ready(gate)["rules"]["serial"] == serial
    assert command(folder, "ada", "audit", "verify")[0] == 0


def ready_serial(gate: Gate, serial: int) -> int:
    assert wait_for(lambda: ready(gate)["rules"]["serial"] == serial)
    return serial


def test_an_altered_plan_or_version_is_found_and_not_started(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    settled(folder, url)
    gate = start("one")
    texts = json.dumps({"apps.yaml": json.dumps(APPS), "policy.yaml": json.dumps(SHUT)})
    plan = planned(folder, json.dumps({"rules": RULES[1:]}))
    with create_engine(store_url(url), poolclass=NullPool).connect() as connection:
        (of_plan,) = connection.execute(text("SELECT texts FROM plans")).one()
        (of_version,) = connection.execute(text("SELECT texts FROM policies")).one()

    changed(url, "UPDATE plans SET texts = :texts", texts=texts)
    code, why = applied(folder, plan)
    assert (code, "is not what was planned" in why) == (1, True)
    code, said = command(folder, "ada", "audit", "verify")
    assert (code, "which says something else in the store now" in said) == (1, True)
    changed(url, "UPDATE plans SET texts = :texts", texts=of_plan)
    assert applied(folder, plan)[0] == 0

    changed(url, "UPDATE policies SET texts = :texts WHERE number = 1", texts=texts)
    code, why = command(folder, "ada", "policy", "rollback", "--note", "sent in error")
    assert (code, "version 1 was changed in the database after it started" in why) == (1, True)
    code, said = command(folder, "ada", "audit", "verify")
    assert (code, "started version 1, but its texts in the database were changed" in said) == (1, True)
    changed(url, "UPDATE policies SET texts = :texts WHERE number = 1", texts=of_version)
    assert command(folder, "ada", "audit", "verify")[0] == 0
    assert kept_out(gate) == []

    gate.stop()
    changed(url, "UPDATE policies SET texts = :texts WHERE number = 2", texts=texts)
    with pytest.raises(AssertionError, match="was changed in the database"):
        start("one")


def test_a_cut_or_rewritten_log_is_found_by_the_noted_heads(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    settled(folder, url, witness={"file": "heads"})
    gate = start("one")
    digest = planned(folder, json.dumps({"rules": RULES[1:]}))
    assert applied(folder, digest)[0] == 0
    engine = create_engine(store_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        last, _ = connection.execute(text("SELECT number, digest FROM audit_head")).one()
        before = connection.execute(
            text("SELECT number, digest FROM audit WHERE number = :number"), {"number": last - 1}
        ).one()
    assert wait_for(lambda: f"audit-head {last}:" in (folder / "heads").read_text())
    for statement in CHANGES + (OF_SQLITE if engine.dialect.name == "sqlite" else OF_POSTGRESQL):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="only added to"):
            connection.execute(text(statement))
    assert command(folder, "ada", "audit", "verify")[0] == 0

    tamper(
        url,
        f"DELETE FROM audit WHERE number = {last}",
        f"UPDATE audit_head SET number = {before.number}, digest = '{before.digest}'",
    )
    code, said = command(folder, "ada", "audit", "verify")
    assert code == 1
    assert f"entry {last} was cut off the end: entry {last} was noted earlier" in said
    assert wait_for(lambda: any(line.get("event") == "audit-rewritten" for line in gate.records()))
    (folder / "elsewhere").write_text("\n".join(gate.log))
    (folder / "heads").write_text("")
    code, said = command(folder, "ada", "audit", "verify", "--witness", str(folder / "elsewhere"))
    assert (code, f"entry {last} was noted earlier" in said) == (1, True)


@of_any_store
def test_a_changed_time_of_activation_is_found(start: Callable[[str], Gate], url: str, folder: Path) -> None:
    begin(folder, url, guard={"max_newly_blocked": 2})
    seen(start("one"))
    assert applied(folder, planned(folder, keeping_out(PEOPLE[:2], RULES[1:])))[0] == 0
    changed(url, "UPDATE activations SET at = '2020-01-01 00:00:00.000000'")
    code, said = command(folder, "ada", "audit", "verify")
    third = planned(folder, keeping_out(PEOPLE[:4], RULES[1:]))
    result = applied(folder, third)
    assert code == 1, said
    assert result[0] == 1, result


@of_any_store
def test_a_relief_is_not_put_into_the_store_unseen(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    begin(folder, url)
    start("one")
    given = ("--person", "lin", "--rule", "listed", "--reason", "x", "--until", SOON)
    assert command(folder, "ada", "exempt", "add", *given)[0] == 0
    changed(
        url, "UPDATE reliefs SET person = '', cause = 'break-glass', until = '2099-01-01 00:00:00.000000'"
    )
    code, said = command(folder, "ada", "audit", "verify")
    assert code == 1, said


@of_any_store
def test_a_deleted_roll_back_is_found_by_the_audit(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    begin(folder, url, guard={"max_newly_blocked": 2})
    seen(start("one"))
    assert applied(folder, planned(folder, json.dumps({"rules": RULES[2:]})))[0] == 0
    assert command(folder, "ada", "policy", "rollback", "--note", "sent in error")[0] == 0
    assert command(folder, "ada", "audit", "verify")[0] == 0
    changed(url, "DELETE FROM retractions")
    code, said = command(folder, "ada", "audit", "verify")
    assert code == 1, said


@of_any_store
def test_devices_one_by_one_are_many(start: Callable[[str], Gate], url: str, folder: Path) -> None:
    """One that was stolen is shut out at once; all of them need another approver, by whatever act."""
    post = {"hr": {"type": "post", "api_key": {"file": "key"}}}
    begin(folder, url, guard={"max_newly_blocked": 0, "max_by_hand": 1}, connectors=post)
    (folder / "key").write_text("a key of many letters")
    gate = start("one")
    columns = "id,serial,owner,apps,apps_complete,reported_at\n"

    def imported(who: str, app: str) -> int:
        rows = [
            f"{n},SERIAL{n},{person},{app},yes,{datetime.now(UTC).isoformat()}\n"
            for n, person in enumerate(PEOPLE)
        ]
        (folder / "devices.csv").write_text(columns + "".join(rows))
        return command(folder, who, "connectors", "import", "hr", str(folder / "devices.csv"))[0]

    assert imported("ada", "") == 0
    ids = [each["id"] for each in json.loads(command(folder, "ada", "devices", "list", "--json")[1])]
    assert command(folder, "ada", "devices", "lost", ids[0])[0] == 0
    code, why = command(folder, "ada", "devices", "lost", ids[1])
    assert (code, "1 other approver has to do the same" in why) == (1, True)
    assert imported("ada", "TikTok") == 1
    state = [each["state"] for each in json.loads(command(folder, "ada", "devices", "list", "--json")[1])]
    assert "listed" not in state
    assert command(folder, "lin", "devices", "lost", ids[1])[0] == 0
    code, said = applied(folder, planned(folder, json.dumps({"rules": RULES[2:]})))
    assert code == 0, said
    seen(gate)
    assert applied(folder, planned(folder, keeping_out(PEOPLE[:1])))[0] == 1
    assert command(folder, "ada", "audit", "verify")[0] == 0


@of_any_store
def test_a_rule_that_was_off_for_long_comes_back_like_a_new_one(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    begin(folder, url)
    gate = seen(start("one"))
    soon = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    some = {"id": "some", "when": 'user.name.startsWith("person")', "effect": "block"}
    plan = planned(folder, json.dumps({"rules": [some, *RULES[1:]]}))
    assert command(folder, "lin", "policy", "approve", plan, "--note", "looked")[0] == 0
    assert applied(folder, plan)[0] == 0
    assert wait_for(lambda: kept_out(gate) == PEOPLE)
    off = ("policy", "break-glass", "some", "--note", "x", "--until", soon)
    assert command(folder, "lin", *off)[0] == 0
    assert wait_for(lambda: kept_out(gate) == [])
    assert command(folder, "ada", "policy", "resume", "some", "--note", "it was right")[0] == 0
    assert wait_for(lambda: kept_out(gate) == PEOPLE)

    assert command(folder, "lin", *off)[0] == 0
    changed(url, "UPDATE reliefs SET at = '2020-01-01 00:00:00.000000' WHERE ended_at IS NULL")
    code, why = command(folder, "ada", "policy", "resume", "some", "--note", "after years")
    assert (code, "5 of 5 people would or might lose mail" in why) == (1, True)
    assert asked(gate, "ada", "/rules/some/on", why="after years") == 409
    assert wait_for(lambda: kept_out(gate) == [])
    assert asked(gate, "lin", "/rules/some/on", why="I looked") == 200
    assert wait_for(lambda: kept_out(gate) == PEOPLE)


@of_any_store
def test_history_is_what_the_log_says(start: Callable[[str], Gate], url: str, folder: Path) -> None:
    begin(folder, url)
    start("one")
    assert applied(folder, planned(folder, json.dumps({"rules": RULES[2:]})))[0] == 0
    changed(url, "UPDATE activations SET author = 'lin', note = 'as legal asked' WHERE serial = 2")
    code, said = command(folder, "ada", "audit", "verify")
    assert code == 1, said


@of_any_store
def test_made_up_people_do_not_make_the_limit_larger(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    begin(folder, url, guard={"max_newly_blocked": "10%"})
    gate = seen(start("one"))
    assert applied(folder, planned(folder, EVERYBODY_OUT))[0] == 1
    for number in range(60):
        login = base64.b64encode(f"made{number}:up".encode()).decode()
        target = f"/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=M{number}&DeviceType=iPhone&User=x"
        request = Request(
            f"http://{gate.public[0]}:{gate.public[1]}{target}",
            b"",
            {
                "Authorization": f"Basic {login}",
                "User-Agent": "Apple-iPhone14C2/2105.80",
                "Content-Type": "application/vnd.ms-sync.wbxml",
            },
        )
        try:
            urlopen(request)
        except HTTPError as error:
            error.close()
    assert wait_for(lambda: gate.has_written(len(PEOPLE) + 60))
    code, said = applied(folder, planned(folder, EVERYBODY_OUT))
    assert code == 1, (said, kept_out(gate))


@of_any_store
def test_forgotten_people_still_count(start: Callable[[str], Gate], url: str, folder: Path) -> None:
    begin(folder, url)
    gate = seen(start("one"))
    assert applied(folder, planned(folder, EVERYBODY_OUT))[0] == 1
    for person in PEOPLE:
        assert command(folder, "ada", "devices", "forget", "--person", person, "--yes")[0] == 0
    code, said = applied(folder, planned(folder, EVERYBODY_OUT))
    assert code == 1, (said, kept_out(gate))


@of_any_store
@pytest.mark.parametrize("rule", [WARNS, WARNS_BY_STAGE], ids=["a warning", "a warning by its stage"])
def test_no_rule_is_taken_out_to_keep_people_out(
    rule: dict[str, Any], start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    """Behind the one that warns stands the default, which blocks."""
    begin(folder, url, [rule])
    gate = seen(start("one"))
    for person in PEOPLE:
        given = ("--person", person, "--rule", "all", "--reason", "x", "--until", SOON)
        assert command(folder, "ada", "exempt", "add", *given)[0] == 0
    assert command(folder, "ada", "policy", "break-glass", "soon", "--note", "x", "--until", SOON)[0] == 0
    assert wait_for(lambda: ready(gate)["rules"]["off"])
    assert kept_out(gate) == []


def write_apps(folder: Path, listed: list[str], **apps: dict[str, Any]) -> None:
    found = {"apps": {**APPS["apps"], **apps}, "lists": {**APPS["lists"], "prohibited": ["tiktok", *listed]}}
    (folder / "apps.yaml").write_text(json.dumps(found))


@of_any_store
def test_an_app_is_not_listed_before_devices_had_time_to_report_it(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    """Two steps within seconds: the app on no list, then onto its list. No report can know of it yet."""
    begin(folder, url)
    gate = seen(start("one"))
    write_apps(folder, [], game={"name": "Game"})
    assert wait_for(lambda: ready(gate)["rules"]["serial"] == 2)
    write_apps(folder, ["game"], game={"name": "Game"})
    assert wait_for(lambda: "might lose mail" in held(gate)), ready(gate)["rules"]


@of_any_store
def test_an_app_that_is_told_by_less_may_be_anybodys(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    """Without publishers or identifiers the display name decides, and no report can tell yet who has one of that name."""
    begin(folder, url)
    full = {"name": "Mail", "ios": ["com.nobody.mail"], "names": ["Mail"], "publishers": ["Nobody"]}
    write_apps(folder, ["mail"], mail=full)
    gate = seen(start("one"))
    write_apps(folder, ["mail"], mail={"name": "Mail", "names": ["Mail"]})
    assert wait_for(lambda: "might lose mail" in held(gate)), ready(gate)["rules"]


@of_any_store
def test_a_report_that_runs_out_is_a_moment_to_come(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    jwks = folder.with_name("jwks.json")
    jwks.write_text(key_files(b"1" * 32, b"0" * 32)[JWKS_FILE])
    issuers = {"issuers": [{"issuer": TEST_ISSUER, "jwks": str(jwks)}]}
    begin(folder, url, attestation=issuers, public_url=PUBLIC)
    gate = start("one")
    headers = Phone(Issuer(b"1" * 32), "lin").headers()
    with pytest.raises(HTTPError) as found:
        urlopen(Request(f"http://{gate.public[0]}:{gate.public[1]}/", headers=headers))
    found.value.close()
    assert wait_for(gate.has_written)
    for when in ('device.age > duration("24h")', 'device.state == "stale"'):
        rules = json.dumps({"rules": [{"id": "old", "when": when, "effect": "block"}, *RULES[1:]]})
        code, said = applied(folder, planned(folder, rules))
        assert code == 1, (when, said)


@of_any_store
def test_the_guard_counts_people_refused_while_the_store_is_away(
    start: Callable[[str], Gate], url: str, folder: Path
) -> None:
    begin(folder, url)
    seen(start("one"))
    away = {"id": "away", "when": 'device.state == "unavailable"', "effect": "block"}
    code, said = applied(folder, planned(folder, json.dumps({"rules": [away, *RULES[1:]]})))
    assert code == 1, said
