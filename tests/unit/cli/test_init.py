"""``mailgate init``: what it writes, asks and refuses."""

import errno
import os
import signal
from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.calls import call

from mailgate.atomic_files import write_new
from mailgate.attest.mint import DEVICE_KEY_FILE, ISSUER_KEY_FILE, JWKS_FILE
from mailgate.config import load_settings

UPSTREAM = ["--upstream", "http://127.0.0.1:9080"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    return tmp_path / "here"


init = partial(call, "init")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.cli.init.at_terminal", lambda: True)


def test_the_files_of_init_pass_the_check() -> None:
    assert init(*UPSTREAM).exit_code == 0
    checked = call("check")
    assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "14 of 14 cases hold")


def test_init_says_what_it_wrote_and_what_comes_next() -> None:
    printed = init("my gate", *UPSTREAM).stdout
    for name in ("mailgate.yaml", "policy.yaml", "apps.yaml", "policy.tests.yaml", JWKS_FILE):
        assert Path("my gate", name).is_file()
        assert f"my gate/{name}\n" in printed
    assert "mailgate run --config 'my gate/mailgate.yaml'\n" in printed
    assert "mailgate run\n" in init(*UPSTREAM).stdout  # where it is looked for without a word


@pytest.mark.parametrize(
    ("variable", "folder", "next_command"),
    [
        ("/etc/mailgate/mailgate.yaml", "config", "mailgate run --config config/mailgate.yaml\n"),
        ("gate/mailgate.yaml", "gate", "mailgate run\n"),
    ],
)
def test_settings_that_another_place_is_named_for_are_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, folder: str, next_command: str
) -> None:
    monkeypatch.setenv("MAILGATE_CONFIG", variable)
    assert next_command in init(folder, *UPSTREAM).stdout


def test_private_keys_are_its_owners_alone() -> None:
    init(*UPSTREAM)
    for name in (ISSUER_KEY_FILE, DEVICE_KEY_FILE):
        assert Path("config/keys", name).stat().st_mode & 0o777 == 0o600
    assert Path("config/keys").stat().st_mode & 0o777 == 0o700


def test_the_keys_play_a_phone() -> None:
    init(*UPSTREAM)
    arguments = ["attest", "mint", "--keys", "config/keys", "--issuer", "http://localhost:8080/issuer"]
    assert call(*arguments).exit_code == 0
    assert "http://localhost:8080/issuer" in Path("config/mailgate.yaml").read_text()


def test_no_keys_are_made_for_who_has_an_issuer() -> None:
    assert init("--no-issuer", *UPSTREAM).exit_code == 0
    assert not Path("config/keys").exists()
    assert "issuers: []" in Path("config/mailgate.yaml").read_text()


@pytest.mark.parametrize(("user", "mode"), [(0, 0o640), (1000, 0o600)], ids=["root", "the gate's user"])
def test_a_password_goes_to_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, user: int, mode: int) -> None:
    """Root writes it for a gate that runs as another user, by the group of the folder."""
    owned = {}
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "chown", lambda path, owner, group: owned.update({path.name: (owner, group)}))
    monkeypatch.setattr(os, "umask", lambda _mask: 0o022)
    assert init("--store", "postgresql://a:secret@db.example.com/m", *UPSTREAM).exit_code == 0
    assert Path("config/store.url").stat().st_mode & 0o777 == mode
    assert owned == ({"store.url": (-1, Path("config").stat().st_gid)} if user == 0 else {})
    assert "secret" not in Path("config/mailgate.yaml").read_text()


@pytest.mark.parametrize(
    ("store", "named"),
    [("file:my.url", "store: {{file: {folder}/my.url}}"), ("env:MY_STORE", "store: {{env: MY_STORE}}")],
)
def test_a_password_need_not_stand_in_the_call(
    monkeypatch: pytest.MonkeyPatch, store: str, named: str
) -> None:
    Path("my.url").write_text("postgresql://a:secret@db.example.com/m\n")
    Path("my.url").chmod(0o600)
    monkeypatch.setenv("MY_STORE", "postgresql://a:secret@db.example.com/m")
    made = init("--store", store, *UPSTREAM)
    assert (made.exit_code, "secret" in made.output) == (0, False), made.output
    settings = Path("config/mailgate.yaml")
    assert named.format(folder=Path.cwd()) in settings.read_text().replace('"', "")
    assert load_settings(settings).store.get_secret_value().endswith("secret@db.example.com/m")


@pytest.mark.parametrize("store", ["file:nothing.url", "env:NOTHING"])
def test_a_place_where_no_password_is_is_named(store: str) -> None:
    refused = init("--store", store, *UPSTREAM)
    assert (refused.exit_code, "--store: " in refused.stderr) == (2, True), refused.stderr


@pytest.mark.parametrize("name", ["mailgate.yaml", "policy.yaml", "issuer.jwks.json", "lists/texas-dir.yaml"])
def test_init_replaces_nothing(name: str) -> None:
    there = Path("config", name)
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    result = init(*UPSTREAM)
    assert (result.exit_code, there.read_text()) == (1, "mine")
    assert f"config/{name} already exists" in result.stderr
    assert [path for path in Path("config").rglob("*") if path.is_file()] == [there]


def test_a_link_that_leads_nowhere_is_something_too() -> None:
    Path("config").mkdir()
    Path("config/mailgate.yaml").symlink_to("elsewhere.yaml")
    assert init(*UPSTREAM).exit_code == 1
    assert not Path("config/elsewhere.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--upstream is missing"),
        (["--upstream", "webmail"], "--upstream: `webmail`: not an http or https URL"),
        ([*UPSTREAM, "--public-url", "mail"], "--public-url: `mail`: not an http"),
        ([*UPSTREAM, "--listen", "8080"], "--listen: `8080`: not an address"),
        ([*UPSTREAM, "--admin-listen", "127.0.0.1:8080"], "--admin-listen: "),
        ([*UPSTREAM, "--admin-listen", "127.0.0.1:8080"], "the same address as `listen`"),
        (["--upstream", "http://127.0.0.1:8080"], "--upstream: this leads back to the gate itself"),
        ([*UPSTREAM, "--store", "mysql://x/y"], "--store: it is not the URL of a store"),
    ],
)
def test_addresses_that_a_gate_would_refuse_are_not_written(arguments: list[str], said: str) -> None:
    result = init(*arguments)
    assert (result.exit_code, Path("config").exists()) == (2, False)
    assert said in result.stderr
    assert "/tmp" not in result.stderr


def test_a_folder_that_is_none_is_named() -> None:
    Path("file").write_text("")
    result = init("file", *UPSTREAM)
    assert (result.exit_code, "file exists and is not a folder" in result.stderr) == (2, True)
    assert Path("file").read_text() == ""


def test_a_full_disk_leaves_no_file_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that is full: with room again the same call does all of it."""

    def without_room(path: Path, *arguments: object) -> None:
        if path == Path("config/policy.yaml"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write_new(path, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as full:
        full.setattr("mailgate.cli.init.write_new", without_room)
        result = init(*UPSTREAM)
    assert (result.exit_code, "config/policy.yaml: cannot be written" in result.stderr) == (2, True)
    assert [path for path in Path("config").rglob("*") if path.is_file()] == []
    assert init(*UPSTREAM).exit_code == 0


@pytest.mark.usefixtures("heeded")
def test_a_signal_leaves_no_file_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the system stops: with every file that is written, it may be the last one."""

    def told_to_end(path: Path, *arguments: object) -> None:
        if path == Path("config/policy.yaml"):
            os.kill(os.getpid(), signal.SIGTERM)
        write_new(path, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as stopped:
        stopped.setattr("mailgate.cli.init.write_new", told_to_end)
        assert init(*UPSTREAM).exit_code == 143
    assert [path for path in Path("config").rglob("*") if path.is_file()] == []
    assert init(*UPSTREAM).exit_code == 0


def test_two_at_once_never_mix_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has looked while the first had written nothing yet."""
    assert init(*UPSTREAM).exit_code == 0
    before = {path: path.read_text() for path in Path("config").rglob("*") if path.is_file()}
    monkeypatch.setattr("mailgate.cli.init._require_free", lambda *_: None)
    result = init(*UPSTREAM)
    assert (result.exit_code, "already exists; give another folder" in result.stderr) == (1, True)
    assert {path: path.read_text() for path in Path("config").rglob("*") if path.is_file()} == before


@pytest.mark.usefixtures("terminal")
def test_a_terminal_is_asked_for_what_is_not_given_until_it_makes_sense() -> None:
    result = init(answer="webmail\nhttp://127.0.0.1:9080\nhttps://mail.example.com\n\n")
    assert result.exit_code == 0
    assert "`webmail`: not an http or https URL" in result.stdout
    written = Path("config/mailgate.yaml").read_text()
    assert "public_url: https://mail.example.com " in written
    assert "contact: it-help@example.com" in Path("config/policy.yaml").read_text()


@pytest.mark.usefixtures("terminal")
def test_an_abandoned_init_writes_nothing() -> None:
    assert init(answer="").exit_code == 1
    assert not Path("config").exists()


def test_the_public_url_is_that_of_the_port_unless_given() -> None:
    assert init("--listen", "127.0.0.1:9000", *UPSTREAM).exit_code == 0
    assert "public_url: http://localhost:9000 " in Path("config/mailgate.yaml").read_text()
