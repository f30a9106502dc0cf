import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.pki import server

from mailgate.config import load_bundle
from mailgate.config.files import FilesReading, exposed_files, stamp_of
from mailgate.errors import ConfigError


def test_everything_is_read_before_anything_is_raised(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    (tmp_path / "double.yaml").write_text("a: 1\na: 2")
    (tmp_path / "folder.yaml").mkdir()
    reading = FilesReading()
    documents = [
        reading.document(tmp_path / f"{name}.yaml")
        for name in ("bad", "double", "folder", "gone", "a\0b", "n" * 400)
    ]
    assert [document is not None for document in documents] == [False, True, False, False, False, False]
    with pytest.raises(ConfigError) as caught:
        reading.finish()
    assert len(caught.value.mistakes) == 6


def test_a_file_that_was_written_or_replaced_has_another_stamp(tmp_path):
    file = tmp_path / "apps.yaml"
    assert stamp_of(file) is None
    file.write_text("one")
    first = stamp_of(file)
    assert stamp_of(file) == first
    file.write_text("three")
    written = stamp_of(file)
    (tmp_path / "new").write_text("seven")
    os.utime(tmp_path / "new", ns=(written[1], written[1]))
    (tmp_path / "new").rename(file)
    assert len({first, written, stamp_of(file)}) == 3


SETTINGS = """
listen: 127.0.0.1:0
public_url: https://mail.example.com
upstream: http://127.0.0.1:9080
admin_listen: 127.0.0.1:0
store: {file: store.url}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that everybody gets to."""
    closed = [each for each in (tmp_path, *tmp_path.parents) if each.stat().st_mode & 0o001 == 0]
    for each in closed:
        each.chmod(each.stat().st_mode | 0o001)
    yield tmp_path
    for each in closed:
        each.chmod(each.stat().st_mode & ~0o001)


def file(folder: Path, mode: int, name: str = "key") -> Path:
    path = folder / name
    path.write_text("x")
    path.chmod(mode)
    return path


def found(path: Path) -> list[tuple[str, bool]]:
    return [(each.may, each.refused) for each in exposed_files([path], [], [])]


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (0o600, []),
        (0o640, []),
        (0o660, []),
        (0o644, [("read", True)]),
        (0o604, [("read", True)]),
        (0o602, [("change", True)]),
        (0o666, [("change", True)]),
    ],
)
def test_a_secret_is_for_the_gate_alone(folder: Path, mode: int, told: list[tuple[str, bool]]) -> None:
    assert found(file(folder, mode)) == told


def test_a_link_is_as_open_as_its_target(folder: Path) -> None:
    link = folder / "link"
    link.symlink_to(file(folder, 0o644))
    assert found(link) == [("read", True)]


def test_a_closed_folder_protects_an_open_file(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    path = file(inner, 0o666)
    inner.chmod(0o750)
    assert found(path) == []


def test_a_folder_that_others_may_write_lets_them_change_a_file(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    path = file(inner, 0o600)
    inner.chmod(0o777)
    assert found(path) == [("change", True)]
    inner.chmod(0o1777)
    assert found(path) == []


def test_rules_may_be_read_by_everybody_but_not_changed(folder: Path) -> None:
    readable, writable = file(folder, 0o644, "a"), file(folder, 0o646, "b")
    told = list(exposed_files([], [], [readable, writable]))
    assert [(each.path, each.may, each.refused) for each in told] == [(writable, "change", False)]


def test_hashes_of_tokens_are_no_secret_but_better_not_read(folder: Path) -> None:
    path = file(folder, 0o644)
    assert [(each.may, each.refused) for each in exposed_files([], [path], [path])] == [("read", False)]


def test_an_open_file_of_another_owner_is_not_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(folder, 0o444)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(os, "getegid", lambda: 4711)
    monkeypatch.setattr(os, "getgroups", list)
    assert found(path) == [("read", False)]


def test_a_missing_file_is_not_named_here(folder: Path) -> None:
    assert found(folder / "none") == []


def test_the_files_of_references_are_known_to_hold_secrets(folder: Path) -> None:
    (folder / "mailgate.yaml").write_text(SETTINGS)
    (folder / "apps.yaml").write_text(
        "apps: {tiktok: {name: TikTok, names: [TikTok]}}\nlists: {prohibited: [tiktok]}\n"
    )
    (folder / "policy.yaml").write_text("rules:\n  - {id: closed, when: client.handheld, effect: block}\n")
    (folder / "store.url").write_text("sqlite:///gate.db")
    (folder / "store.url").chmod(0o644)
    bundle = load_bundle(folder / "mailgate.yaml")
    assert bundle.secrets == (folder / "store.url",)
    assert [(each.path.name, each.may) for each in bundle.exposed_files()] == [("store.url", "read")]


ISSUED = server(datetime.now(UTC))
OTHERS = {
    "certificate": "tls: {certificate: both.pem, key: key.pem}\n",
    "authorities": "client_certificates: {listen: '127.0.0.1:0', authorities: both.pem}\ntls: {certificate: c.pem, key: key.pem}\n",
    "upstream": "upstream_ca: both.pem\n",
}


@pytest.mark.parametrize("settings", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("first", [True, False])
def test_a_private_key_is_a_secret_in_whatever_file_it_stands(
    folder: Path, settings: str, first: bool
) -> None:
    pem = ISSUED.key_pem, ISSUED.pem
    (folder / "both.pem").write_bytes(b"".join(pem if first else reversed(pem)))
    (folder / "both.pem").chmod(0o644)
    (folder / "c.pem").write_bytes(ISSUED.pem)
    (folder / "key.pem").write_bytes(ISSUED.key_pem)
    (folder / "key.pem").chmod(0o600)
    (folder / "mailgate.yaml").write_text(
        SETTINGS.replace("http:", "https:").replace("{file: store.url}", "sqlite:///gate.db") + settings
    )
    (folder / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\nlists: {}\n")
    (folder / "policy.yaml").write_text("rules:\n  - {id: closed, when: client.handheld, effect: block}\n")
    bundle = load_bundle(folder / "mailgate.yaml")
    assert [(each.path.name, each.refused) for each in bundle.exposed_files()] == [("both.pem", True)]
