"""Changed files take effect as a whole, or not at all."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests import pki
from tests.unit.config.test_admins import loaded
from tests.unit.store.examples import NOW

from mailgate.app import reload
from mailgate.app.reload import READ_AT_START, Reloader, SettingsAudit, digests_of, needs_restart
from mailgate.config.files import stamp_of
from mailgate.config.settings import Settings
from mailgate.errors import ConfigError, Mistake
from mailgate.gateway.metrics import Metrics
from mailgate.store import Store

MISTAKE = Mistake("policy.yaml", 3, 7, "no such variable")


class Files:
    """A stand-in for the files on disk: what reading them gives, and what was put in force."""

    def __init__(self):
        self.content = "first"
        self.in_force = []
        self.refused = None
        self.metrics = Metrics()
        self.reloader = Reloader(self.load, self.apply, self.metrics)

    def load(self):
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    async def apply(self, loaded):
        if self.refused:
            raise self.refused
        self.in_force.append(loaded)

    def count(self, result):
        return self.metrics.registry.get_sample_value("mailgate_config_reloads_total", {"result": result})

    @property
    def ok(self):
        return self.metrics.registry.get_sample_value("mailgate_config_ok")


@pytest.fixture
def files():
    return Files()


async def test_good_files_take_effect(files):
    assert await files.reloader.reload()
    assert (files.in_force, files.reloader.mistakes) == (["first"], [])
    assert (files.count("applied"), files.ok) == (1, 1)


async def test_bad_files_change_nothing_and_are_shown_until_they_are_good_again(files):
    files.content = ConfigError([MISTAKE])
    with capture_logs() as logs:
        assert not await files.reloader.reload()
    assert (files.in_force, files.count("rejected"), files.ok) == ([], 1, 0)
    assert files.reloader.mistakes == ["policy.yaml:3:7: no such variable"]
    assert [(line["event"], line["mistakes"]) for line in logs] == [
        ("config-rejected", files.reloader.mistakes)
    ]
    files.content = "second"
    assert await files.reloader.reload()
    assert (files.in_force, files.reloader.mistakes, files.ok) == (["second"], [], 1)


async def test_the_later_of_two_reloads_takes_effect_last(files):
    """A change on disk and a signal: else settings that are gone would stay in force for good."""
    store_answers = asyncio.Event()

    async def apply(loaded):
        if loaded == "first":
            await store_answers.wait()
        files.in_force.append(loaded)

    files.reloader.apply = apply
    earlier = asyncio.create_task(files.reloader.reload())
    await asyncio.sleep(0)
    files.content = "second"
    later = asyncio.create_task(files.reloader.reload())
    await asyncio.sleep(0)
    store_answers.set()
    assert await asyncio.gather(earlier, later) == [True, True]
    assert files.in_force == ["first", "second"]


@pytest.mark.parametrize("error", [OSError("disk"), ValueError("secret in the text"), RuntimeError()])
@pytest.mark.parametrize("where", ["load", "apply"])
async def test_an_error_on_the_way_leaves_the_gate_as_it_is(files, where, error):
    """The watcher must live: else one bad certificate ends every later reload."""
    if where == "load":
        files.content = error
    else:
        files.refused = error
    with capture_logs() as logs:
        assert not await files.reloader.reload()
    assert (files.in_force, files.count("rejected"), files.ok) == ([], 1, 0)
    assert type(error).__name__ in files.reloader.mistakes[0]
    assert "secret" not in str(logs)


class Ended(Exception):
    """Ends the watch, as its cancelled task does."""


@pytest.fixture
def paths(tmp_path):
    """Settings in one folder, a rule file that is a link into another, a key in a third. No groups yet."""
    for name in ("gate/mailgate.yaml", "rules/policy.yaml", "keys/mdm.json"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("first")
    (tmp_path / "gate/policy.yaml").symlink_to("../rules/policy.yaml")
    return {
        tmp_path / name
        for name in ("gate/mailgate.yaml", "gate/policy.yaml", "gate/groups.yaml", "keys/mdm.json")
    }


async def play(monkeypatch, reloader, paths, *rounds, read=None):
    """Watch through these rounds of changes, with a look after each."""
    left = [*rounds]

    async def pause(_seconds):
        if not left:
            raise Ended
        left.pop(0)()

    monkeypatch.setattr(asyncio, "sleep", pause)
    monkeypatch.setattr(reload, "LOOKS_AT_REJECTED", 3)
    with pytest.raises(Ended):
        await reloader.watch(paths, read or {})


def nothing():
    """A round without a change."""


def swap(path):
    path.with_suffix(".new").write_text("second")
    path.with_suffix(".new").rename(path)


@pytest.mark.parametrize(
    ("change", "reloads"),
    [
        (lambda top: (top / "gate/mailgate.yaml").write_text("second"), 1),
        (lambda top: swap(top / "gate/mailgate.yaml"), 1),
        (lambda top: (top / "rules/policy.yaml").write_text("second"), 1),
        (lambda top: swap(top / "gate/policy.yaml"), 1),
        (lambda top: (top / "keys/mdm.json").unlink(), 1),
        (lambda top: (top / "gate/groups.yaml").write_text("first"), 1),
        (lambda top: (top / "gate/.mailgate.yaml.swp").write_text("second"), 0),
        (lambda top: (top / "gate/README").write_text("second"), 0),
        (lambda _: None, 0),
    ],
    ids="written renamed link-followed link-replaced deleted come swap-file other-file nothing".split(),
)
async def test_a_change_of_one_of_the_files_reloads_once(
    monkeypatch, files, paths, tmp_path, change, reloads
):
    await play(monkeypatch, files.reloader, lambda: paths, lambda: change(tmp_path), *[nothing] * 5)
    assert len(files.in_force) == reloads


async def test_a_file_that_is_still_being_written_is_not_read(monkeypatch, files, paths, tmp_path):
    def written(size):
        return lambda: (tmp_path / "gate/mailgate.yaml").write_text("x" * size)

    await play(monkeypatch, files.reloader, lambda: paths, *map(written, range(10, 15)))
    assert files.in_force == []
    await play(monkeypatch, files.reloader, lambda: paths, *map(written, range(20, 25)), nothing)
    assert len(files.in_force) == 1


async def test_a_folder_that_a_link_replaces_is_taken(monkeypatch, files, tmp_path):
    """As git-sync does it: nothing changes behind the link."""
    for name in ("aaa", "bbb"):
        (tmp_path / "rules/trees" / name).mkdir(parents=True)
        (tmp_path / "rules/trees" / name / "policy.yaml").write_text(name)
    link = tmp_path / "rules/current"
    link.symlink_to("trees/aaa")

    def swapped():
        (tmp_path / "rules/new").symlink_to("trees/bbb")
        (tmp_path / "rules/new").rename(link)

    await play(monkeypatch, files.reloader, lambda: {link / "policy.yaml"}, swapped, nothing)
    assert len(files.in_force) == 1


async def test_files_that_changed_between_their_reading_and_the_watch_are_taken(
    monkeypatch, files, paths, tmp_path
):
    read = {path: stamp_of(path) for path in paths}
    swap(tmp_path / "gate/mailgate.yaml")
    await play(monkeypatch, files.reloader, lambda: paths, nothing, nothing, read=read)
    assert len(files.in_force) == 1


async def test_a_folder_made_again_is_looked_into(monkeypatch, files, paths, tmp_path):
    def replaced():
        (tmp_path / "keys").rename(tmp_path / "old")
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys/mdm.json").write_text("second")

    await play(monkeypatch, files.reloader, lambda: paths, replaced, nothing)
    assert len(files.in_force) == 1


async def test_files_that_the_new_settings_name_are_looked_at(monkeypatch, files, paths, tmp_path):
    def named():
        return paths if not files.in_force else {tmp_path / "new.yaml"}

    change, come = (tmp_path / "rules/policy.yaml").write_text, (tmp_path / "new.yaml").write_text
    await play(
        monkeypatch,
        files.reloader,
        named,
        lambda: change("2"),
        nothing,
        lambda: come("first"),
        *[nothing] * 3,
    )
    assert len(files.in_force) == 2


async def test_rejected_files_are_read_again_although_none_of_them_changed(
    monkeypatch, files, paths, tmp_path
):
    """A file that was missing is none of those that are looked at. The same mistakes are told once."""
    files.content = ConfigError([MISTAKE])

    def found():
        files.content = "second"

    change = (tmp_path / "gate/mailgate.yaml").write_text
    with capture_logs() as logs:
        rounds = [lambda: change("2"), *[nothing] * 7, found, *[nothing] * 3]
        await play(monkeypatch, files.reloader, lambda: paths, *rounds)
    assert [line["event"] for line in logs] == ["config-rejected"]
    assert (files.count("rejected"), files.in_force, files.reloader.mistakes) == (1, ["second"], [])


async def test_the_watch_goes_on_after_a_bad_file(monkeypatch, files, paths, tmp_path):
    files.content = ConfigError([MISTAKE])
    change = (tmp_path / "gate/mailgate.yaml").write_text
    rounds = [lambda: change("2"), nothing, lambda: change("3rd"), nothing]
    await play(monkeypatch, files.reloader, lambda: paths, *rounds)
    assert files.count("rejected") == 2


TAKEN_BY_A_RELOAD = {
    "trusted_proxies", "login_domains", "login_tokens", "authz", "attestation", "enrolment", "probe", "probe_lifetime", "dovecot", "guard", "admins", "posture", "retention", "files",
    "connectors", "console", "hosts", "notices", "stages", "witness", "log", "events", "reporter", "extension",
}  # fmt: skip
SWITCHED_BY_A_START = {"tls", "client_certificates", "authz_listeners"}
"""On or off, and where; what the files hold, and how a port is asked, is taken by a reload."""


def test_every_setting_takes_effect_by_reload_or_is_named():
    assert len(READ_AT_START) == len(set(READ_AT_START))
    named = {*READ_AT_START, *TAKEN_BY_A_RELOAD, *SWITCHED_BY_A_START}
    assert set(Settings.model_fields) == named, (
        "name it here, or in READ_AT_START if a reload does not take it"
    )
    assert not TAKEN_BY_A_RELOAD & set(READ_AT_START)


@pytest.mark.parametrize(("dialect", "waits"), [("nginx", []), ("envoy-grpc", ["authz_listeners"])])
def test_a_port_learns_another_dialect_at_once_and_grpc_by_a_start(bundle, dialect, waits):
    asked = "http://127.0.0.1:9080\ntrusted_proxies: [127.0.0.1/32]\nauthz_listeners: [{{listen: '127.0.0.1:8082', dialect: {}}}]"
    before, after = (bundle(asked.format(each)) for each in ("envoy", dialect))
    assert needs_restart(before, after) == waits


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("upstream_ca", "upstream_ca: files.pem"),
        ("company", "company: {name: Example, logo: files.svg}"),
        ("", "console: {login: {oidc: {issuer: 'https://id.example.com', client_id: gate, ca: files.pem}}, url: 'https://console.example.com'}"),
    ],
)  # fmt: skip
def test_a_file_that_only_a_start_reads_waits_for_one_once_it_has_changed(bundle, tmp_path, name, more):
    authority = pki.root(now=NOW).pem
    read = []
    for content in (b"", b"\n"):
        (tmp_path / "files.pem").write_bytes(authority + content)
        (tmp_path / "files.svg").write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg"/>' + content)
        read.append(bundle(f"https://127.0.0.1:9080\n{more}"))
    assert needs_restart(read[0], read[0]) == []
    assert needs_restart(*read) == ([name] if name else [])


ADMINS = {
    "ada": {"token_hash": "$argon2id$v=19$m=65536,t=3,p=4$qenBR8b8/rjxf6+KZYjoFw$i3TGcM+1zHPpRiWU/dIo8Q7XvWxSmUZ/RHKOywEDoJk", "roles": ["operator", "approver"]}
}  # fmt: skip


def test_only_what_was_changed_has_another_digest(tmp_path: Path) -> None:
    before = digests_of(loaded(tmp_path, ADMINS, posture={"max_age": "1h"}, guard={"max_newly_blocked": 1}))
    assert {"posture", "guard", "admins"} <= set(before)
    assert "client_certificates" not in before
    assert (
        digests_of(loaded(tmp_path, ADMINS, posture={"max_age": "1h"}, guard={"max_newly_blocked": 1}))
        == before
    )
    after = digests_of(
        loaded(
            tmp_path,
            ADMINS,
            posture={"max_age": "2h"},
            guard={"max_newly_blocked": 1},
            stages={"warn_again": "1h"},
        )
    )
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {
        "posture",
        "stages",
    }


def test_another_process_has_the_same_digests(tmp_path: Path) -> None:
    here = digests_of(loaded(tmp_path, ADMINS))
    code = (
        "import sys; from pathlib import Path; from mailgate.config import load_settings;"
        "from mailgate.app.reload import digests_of; print(digests_of(load_settings(Path(sys.argv[1]))))"
    )
    path = str(tmp_path / "mailgate.yaml")
    told = subprocess.run(
        [sys.executable, "-c", code, path],
        env={"PYTHONHASHSEED": "1", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(here)


class Gate:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def watched(self, store: Store) -> SettingsAudit:
        return SettingsAudit(store.audit, lambda: self.settings, "gate-1", lambda: NOW)


async def written(store: Store) -> list[tuple[str, str, list[str]]]:
    return [
        (entry.what, entry.why, json.loads(entry.details)["changed"]) for entry in await store.audit.page()
    ]


async def test_settings_are_noted_once_and_changes_by_name_also_over_a_restart(
    store: Store, tmp_path: Path
) -> None:
    gate = Gate(loaded(tmp_path, {}, posture={"max_age": "1h"}))
    watch = gate.watched(store)
    for _ in range(2):
        await watch.poll()
    await gate.watched(store).poll()
    assert await written(store) == [("settings-noted", "", [])]
    gate.settings = loaded(tmp_path, {}, posture={"max_age": "2h"}, stages={"warn_again": "1h"})
    with capture_logs() as logs:
        await watch.poll()
    assert [line["changed"] for line in logs] == [["posture", "stages"]]
    assert (await written(store))[1:] == [("settings-changed", "posture, stages", ["posture", "stages"])]
    gate.settings = loaded(tmp_path, {}, posture={"max_age": "2h"})
    await gate.watched(store).poll()  # changed while the gate was down
    assert (await written(store))[2:] == [("settings-changed", "stages", ["stages"])]
