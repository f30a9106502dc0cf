"""``mailgate connectors``, on a configuration with a file and a post."""

import json
import os
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from tests.exchanges import MARKER
from tests.stored_bytes import stored_bytes
from tests.unit.cli.calls import call

from mailgate.cli.connectors import STATES, WHOLE, NamedState
from mailgate.cli.output import table_of
from mailgate.config.sources.line import FileSettings
from mailgate.connectors.runner import Runner
from mailgate.connectors.setup import CONNECTORS, ApiConnector
from mailgate.console.now.readiness import connector_state
from mailgate.devices.trust import report_by
from mailgate.model import Enrolment, SourceState
from mailgate.rollout.person import hash_of

SETTINGS = """
listen: 127.0.0.1:0
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: "sqlite:///{folder}/mailgate.db"
connectors:
  hr: {{type: file, path: devices.csv, complete: true}}
  push: {{type: post, api_key: {{file: key}}}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mailgate.yaml").write_text(SETTINGS.format(folder=tmp_path))
    (tmp_path / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\nlists: {prohibited: [tiktok]}\n")
    (tmp_path / "policy.yaml").write_text("rules: [{id: open, when: client.handheld, effect: allow}]\n")
    (tmp_path / "key").write_text("hunter2")
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    (tmp_path / "devices.csv").write_text(
        "id,kind,owner,eas_ids,apps,apps_complete,reported_at\n"
        f"1,phone,ada@example.com,ApplA1,TikTok;{MARKER},yes,{now}\n"
        f"2,tablet,,,{MARKER},no,{now}\n"
        "3,,,,,,\n"
    )

    def invoke(*words, stdin=None):
        return call("connectors", *words, config=True, answer=stdin)

    return invoke


def devices():
    """The devices that the store has now."""
    return json.loads(call("devices", "list", "--json", config=True).stdout)


def test_a_connector_that_never_ran_is_listed(run):
    rows = json.loads(run("list", "--json").stdout)
    assert [(row["name"], row["type"], row["state"], row["last_success"]) for row in rows] == [
        ("hr", "file", "new", None),
        ("push", "post", "new", None),
    ]
    assert "never" in run("list").stdout


def test_sync_reads_a_source_now(run, tmp_path):
    result = run("sync", "hr")
    assert (result.exit_code, result.stdout) == (0, "hr: 3 records, everything was read\n")
    assert result.stderr == ""
    [hr, _] = json.loads(run("list", "--json").stdout)
    assert (hr["state"], hr["devices"], hr["trouble"]) == ("ok", 3, "")
    assert sorted(each["state"] for each in devices()) == ["listed", "missing", "partial"]
    assert MARKER.encode() not in stored_bytes(tmp_path)


def test_sync_tells_its_result_as_json(run):
    told = json.loads(run("sync", "hr", "--json").stdout)
    assert (told["taken"], told["full"], told["gone"], told["held"], told["trouble"]) == (3, True, 0, 0, None)


def test_a_file_that_lost_its_devices_is_held_until_confirmed(run, tmp_path):
    run("sync", "hr")
    (tmp_path / "devices.csv").write_text("id\n1\n")
    held = run("sync", "hr")
    assert held.exit_code == 1
    assert "2 devices are no longer named" in held.stderr
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "held"
    assert run("sync", "hr", "--let-go").stdout == "hr: 1 record, everything was read, 2 devices are gone\n"
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "ok"


def test_mistakes_of_a_file_are_told_with_their_lines_and_nothing_is_taken(run, tmp_path):
    (tmp_path / "devices.csv").write_text("id,kind\n1,phone\n2,fone\n")
    result = run("sync", "hr")
    assert result.exit_code == 1
    assert "line 3, kind: `fone` is not known here; did you mean `phone`?" in result.stderr
    assert "hr: file-unreadable: 1 mistakes; nothing was imported" in result.stderr
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "failing"


def test_check_says_what_was_understood_and_stores_nothing(run):
    told = json.loads(run("check", "hr", "--json").stdout)
    assert (told["devices"], told["of"], told["with_eas_id"], told["with_owner"]) == (3, 3, 1, 1)
    assert (told["with_all_apps"], told["with_some_apps"], told["without_apps"]) == (1, 1, 1)
    assert told["listed_apps"] == {"tiktok": 1}
    shown = run("check", "hr").stdout
    assert "listed apps" in shown
    assert "phone 1, tablet 1, unknown 1" in shown
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "new"


def test_check_says_what_keeps_a_verdict_from_meaning_what_it_should(run, monkeypatch):
    class Lax(ApiConnector):
        async def devices(self, _since):
            yield report_by("hr", "1", enrolment=Enrolment.SUPERVISED)

        async def shortcomings(self):
            return ["no policy looks for TikTok"]

        async def close(self):
            """Do nothing, since nothing is open."""

    monkeypatch.setitem(CONNECTORS, FileSettings, lambda *_: Lax())
    told = json.loads(run("check", "hr", "--json").stdout)
    assert told["shortcomings"] == ["no policy looks for TikTok"]
    assert (told["enrolments"], told["verdicts"]) == ({"supervised": 1}, {"none": 1})
    assert "WARNING hr: no policy looks for TikTok" in run("check", "hr").stdout


def test_check_of_a_source_that_cannot_be_read(run, tmp_path):
    (tmp_path / "devices.csv").unlink()
    result = run("check", "hr")
    assert (result.exit_code, result.stderr) == (1, "hr: file-unreadable: no such file or directory\n")


def test_check_shows_no_text_of_a_fault_of_our_own(run, monkeypatch):
    def broken(*_args):
        raise OverflowError(MARKER)

    monkeypatch.setattr("mailgate.connectors.file.report_of_line", broken)
    result = run("check", "hr")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("OverflowError\n")
    assert result.stderr.endswith("hr: fault\n")
    assert MARKER not in result.stderr


def test_a_dry_run_lists_who_would_no_longer_be_clean_and_stores_nothing(run, tmp_path):
    (tmp_path / "devices.csv").write_text(
        "id,owner,apps,apps_complete,reported_at\n1,ada@example.com,-,yes,2026-11-24T09:00:00Z\n"
    )
    run("sync", "hr")
    (tmp_path / "devices.csv").write_text(
        "id,owner,apps,apps_complete,reported_at\n1,ada@example.com,-,no,2026-11-24T10:00:00Z\n2,,,,\n"
    )
    before = devices()
    result = run("sync", "hr", "--dry-run")
    assert result.exit_code == 0
    assert "2 records, everything was read; nothing was stored" in result.stdout
    assert "ada@example.com" in result.stdout
    assert (
        "1 device that hr saw whole would be seen in part: clean only if another source sees the whole device."
        in result.stdout
    )
    [one] = json.loads(run("sync", "hr", "--dry-run", "--json").stdout)["narrowed"]
    assert (one["id"], one["device"], one["owner"]) == ("1", before[0]["id"], "ada@example.com")
    assert devices() == before
    run("sync", "hr")
    assert "No device that was seen whole would be seen in part." in run("sync", "hr", "--dry-run").stdout
    (tmp_path / "devices.csv").unlink()
    result = run("sync", "hr", "--dry-run")
    assert (result.exit_code, "No device" in result.stdout) == (1, False), "nobody knows what was not read"


def test_import_takes_a_file_or_standard_input(run, tmp_path):
    (tmp_path / "more.csv").write_text("id\n8\n9\n")
    assert run("import", "push", "more.csv").stdout == "push: 2 records\n"
    lines = '{"id": "9"}\n{"id": "10"}\n'
    assert run("import", "push", "-", stdin=lines).stdout == "push: 2 records\n"
    assert run("import", "push", "-", "--csv", stdin="id\n11\n").exit_code == 0
    assert [each["sources"] for each in devices()] == [["push"]] * 4


def test_the_file_that_was_counted_is_imported(run, tmp_path, monkeypatch):
    """A file that is another at the second look, or that can be read only once, like a pipe."""
    (tmp_path / "more.csv").write_text("id\n8\n")
    leased, changed = Runner.run, []

    async def change_first(self, *words, **more):
        changed.append((tmp_path / "more.csv").write_text("id\n9\n"))
        return await leased(self, *words, **more)

    monkeypatch.setattr(Runner, "run", change_first)
    assert run("import", "push", "more.csv").exit_code == 0
    assert (len(changed), len(devices())) == (1, 1)
    assert call("devices", "show", "8", config=True).exit_code == 0
    os.mkfifo(tmp_path / "pipe")
    writing = threading.Thread(target=(tmp_path / "pipe").write_text, args=("id\n10\n",))
    writing.start()
    assert run("import", "push", "pipe", "--csv").stdout == "push: 1 record\n"
    writing.join()


def audit():
    """Every entry of the audit log: who, what, to what, and the details."""
    told = json.loads(call("audit", "list", "--json", config=True).stdout)
    return [(each["what"], each["about"], each["details"]) for each in told]


def test_imports_and_syncs_are_audited_and_imports_marked(run, tmp_path):
    (tmp_path / "more.csv").write_text("id,owner\n8,made-up\n")
    run("import", "push", "more.csv")
    run("sync", "hr", "--dry-run")
    run("sync", "hr")
    assert audit() == [
        ("connector-import-asked", "connector push", {"mark_missing_as_gone": False}),
        ("connector-imported", "connector push", {"taken": 1, "gone": 0}),
        ("connector-read", "connector hr", {"full": False, "mark_missing_as_gone": False}),
    ]
    shown = [
        json.loads(call("devices", "show", each, "--json", config=True).stdout)
        for each in (device["id"] for device in devices())
    ]
    assert {(each["source"], each["handed"]) for one in shown for each in one["reports"]} == {
        ("push", True),
        ("hr", False),
    }


def test_an_import_is_dated_when_its_lines_are_there(run, monkeypatch):
    """Else it would leave the guard's window sooner, the longer its lines keep it waiting."""
    copied, there = shutil.copyfileobj, []
    monkeypatch.setattr(shutil, "copyfileobj", lambda *each: there.append((copied(*each), datetime.now(UTC))))
    run("import", "push", "-", "--csv", stdin="id\n8\n")
    [asked, _] = json.loads(call("audit", "list", "--json", config=True).stdout)
    assert datetime.fromisoformat(asked["at"]) >= there[0][1]


def test_an_import_that_changed_nothing_is_not_said_to_have_been_made(run, tmp_path):
    (tmp_path / "bad.csv").write_text("id,kind\n8,toaster\n")
    for file in ("bad.csv", "missing.csv"):
        assert run("import", "push", file).exit_code == 1
    assert {each for each, _, _ in audit()} == {"connector-import-asked"}


@pytest.mark.parametrize("words", [("import", "push", "devices.csv"), ("sync", "hr")])
@pytest.mark.parametrize(
    ("admin", "said"), [("", "give your token"), ("grace", "it takes the role operator")]
)
def test_if_there_are_admins_an_operator_imports_and_syncs(run, tmp_path, monkeypatch, words, admin, said):
    settings = tmp_path / "mailgate.yaml"
    settings.write_text(
        settings.read_text()
        + "admins:\n"
        + "".join(
            f"  {name}: {{token_hash: '{hash_of(name, bytes(16))}', roles: [{role}]}}\n"
            for name, role in (("ada", "operator"), ("grace", "viewer"))
        )
    )
    monkeypatch.setenv("MAILGATE_ADMIN_TOKEN", f"{admin}:{admin}" if admin else "")
    refused = run(*words)
    assert (refused.exit_code, said in refused.stderr) == (1, True), refused.stderr
    assert (devices(), audit()) == ([], [])
    monkeypatch.setenv("MAILGATE_ADMIN_TOKEN", "ada:ada")
    assert run(*words).exit_code == 0
    assert audit()


@pytest.fixture
def guarded(run, tmp_path, monkeypatch):
    """A guard that lets one device pass by hand; ada operates, and grace approves."""
    run("sync", "hr")
    settings = tmp_path / "mailgate.yaml"
    settings.write_text(
        settings.read_text()
        + "guard: {max_newly_blocked: 0, max_by_hand: 1}\nadmins:\n"
        + "".join(
            f"  {name}: {{token_hash: '{hash_of(name, bytes(16))}', roles: [{role}]}}\n"
            for name, role in (("ada", "operator"), ("grace", "approver"))
        )
    )

    def by(name, *words):
        monkeypatch.setenv("MAILGATE_ADMIN_TOKEN", f"{name}:{name}")
        return run(*words)

    return by


def test_devices_that_an_import_may_keep_out_count_for_the_guard(guarded, tmp_path):
    columns, now = "id,serial,apps,apps_complete,reported_at\n", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    (tmp_path / "one.csv").write_text(f"{columns}8,S8,TikTok,yes,{now}\n9,S9,,yes,{now}\n")
    assert guarded("ada", "import", "push", "one.csv").exit_code == 0
    wanted, details = audit()[-2][0], audit()[-2][2]
    assert (wanted, details["kept_out"]) == ("connector-import-asked", {"people": 1, "devices": 1})
    (tmp_path / "more.csv").write_text(f"{columns}9,S9,TikTok,yes,{now}\n")
    before = devices()
    refused = guarded("ada", "import", "push", "more.csv")
    assert (refused.exit_code, "1 other approver has to do the same" in refused.stderr) == (1, True)
    assert devices() == before
    assert guarded("grace", "import", "push", "more.csv").exit_code == 0
    assert devices() != before


def test_devices_that_a_person_lets_go_count_for_the_guard(guarded, tmp_path):
    (tmp_path / "devices.csv").write_text("id\n3\n")
    assert guarded("ada", "sync", "hr").exit_code == 1
    refused = guarded("ada", "sync", "hr", "--let-go")
    assert (refused.exit_code, "1 other approver has to do the same" in refused.stderr) == (1, True)
    assert guarded("grace", "sync", "hr", "--let-go").stdout.endswith("2 devices are gone\n")


def test_an_import_that_is_refused_makes_no_connector_fail(run, tmp_path):
    run("sync", "hr")
    before = run("list", "--json").stdout
    (tmp_path / "bad.csv").write_text("id,kind\n1,fone\n")
    for name in ("hr", "push"):
        assert run("import", name, "bad.csv").exit_code == 1
    assert run("list", "--json").stdout == before
    assert [each["state"] for each in json.loads(before)] == ["ok", "new"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sync", "hrr"], "no source is called `hrr`; did you mean `hr`?"),
        (["sync", "push"], "the source of push sends reports by itself: there is nothing to read"),
        (["import", "hr", "nowhere.csv"], "hr: file-unreadable: no such file or directory"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(run, words, said):
    result = run(*words)
    assert result.exit_code > 0
    assert said in result.stderr


def shown(what, width=220):
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def states_table(state, name="mdm"):
    return table_of([NamedState(name=name, type="jamf", **dict(state))], STATES, whole=WHOLE)


def test_the_table_lists_each_connector():
    table = states_table(connector_state(None, timedelta(0), datetime(2026, 12, 1, tzinfo=UTC)))
    assert "mdm" in shown(table)
    assert "never" in shown(table)


def test_the_table_fits_a_terminal_of_80_columns():
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    state = SourceState(
        "mdm", last_attempt=at, failing_since=at, trouble="unexpected-status", trouble_since=at,
        last_success=at - timedelta(days=1), last_full=at - timedelta(days=2), devices=10_000, held=1_200,
    )  # fmt: skip
    table = states_table(connector_state(state, timedelta(), at, timedelta(minutes=15)), "mdm-of-the-company")
    lines = shown(table, 80).splitlines()
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    for each in ("mdm-of-the-company", "unexpected-status", "unavailable", "2026-12-01", "2026-11-30", "2026-11-29", "1200"):  # fmt: skip
        assert each in words, "no word is broken"


LAST_KNOWN_FOR = timedelta(hours=8)


def test_a_table_says_since_when_and_until_when():
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    state = SourceState("mdm", last_attempt=at, failing_since=at, trouble="timeout", trouble_since=at)
    waits = replace(state, running_since=at, retrying="throttled", retry_at=at + timedelta(minutes=2))
    table = states_table(connector_state(state, LAST_KNOWN_FOR, at, timedelta(minutes=15)))
    assert "timeout" in shown(table)
    assert "2026-12-01" in shown(table)
    assert "09:15 UTC" in shown(table)
    table = states_table(connector_state(waits, LAST_KNOWN_FOR, at, timedelta(minutes=15)))
    assert "throttled" in shown(table)
    assert "09:02 UTC" in shown(table)
