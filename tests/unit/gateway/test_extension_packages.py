"""The packages of the extension at the gate: what browsers without a login get, and nothing else."""

import os
from pathlib import Path

import pytest
from tests.unit.gateway.gates import gate, renew
from tests.unit.gateway.test_own_addresses import ask

from mailgate.gateway import extension_packages as module
from mailgate.http.request import RequestRefused

FILES = {
    "mailgate.crx": "application/x-chrome-extension",
    "mailgate.xpi": "application/x-xpinstall",
    "update.xml": "text/xml; charset=utf-8",
    "updates.json": "application/json",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "packages"
    made.mkdir()
    for name in FILES:
        (made / name).write_bytes(f"it is {name}".encode())
    (made / "key.pem").write_text("secret")
    (made / "mailgate-chromium.zip").write_text("for a store")
    (tmp_path / "secret").write_text("secret")
    return made


async def status(path: str, on=None) -> int:
    with pytest.raises(RequestRefused) as refused:
        await ask(f"GET /.mailgate/extension/{path} HTTP/1.1".encode(), on=on)
    return refused.value.status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("name", "kind"), FILES.items())
async def test_browsers_get_packages_and_their_announcements_without_a_login(folder, name, kind, method):
    line = f"{method} /.mailgate/extension/{name}?version=1.0 HTTP/1.1".encode()
    answer = await ask(line, on=gate(extension_packages=folder))
    assert (answer.status, answer.body, answer.content_type) == (200, f"it is {name}".encode(), kind)


@pytest.mark.parametrize(
    "path",
    [
        *("", "key.pem", "mailgate-chromium.zip", ".", "..", "../secret", "%2e%2e/secret", "..%2fsecret"),
        *("update.xml/", "/update.xml", "./update.xml", "UPDATE.XML", "update.xml%00", "mailgate.crx.pem"),
    ],
)
async def test_nothing_else_of_the_folder_or_beside_it_is_served(folder, path):
    assert await status(path, on=gate(extension_packages=folder)) == 404


async def test_a_gate_without_a_folder_serves_none(folder):
    assert await status("update.xml", on=gate()) == 404


async def test_a_package_that_is_missing_is_not_found(folder):
    (folder / "update.xml").unlink()
    (folder / "updates.json").unlink()
    (folder / "updates.json").mkdir()
    on = gate(extension_packages=folder)
    assert [await status(name, on=on) for name in ("update.xml", "updates.json")] == [404, 404]


async def test_a_new_version_is_served_at_once_and_another_folder_after_a_reload(folder, tmp_path):
    on, line = gate(extension_packages=folder), b"GET /.mailgate/extension/update.xml HTTP/1.1"
    (folder / "update.xml").write_bytes(b"version 2")
    assert (await ask(line, on=on)).body == b"version 2"
    other = tmp_path / "other"
    other.mkdir()
    (other / "update.xml").write_bytes(b"elsewhere")
    renew(on, extension_packages=other)
    assert (await ask(line, on=on)).body == b"elsewhere"


async def test_a_file_that_is_no_package_by_its_size_is_not_read_into_memory(folder):
    os.truncate(folder / "mailgate.crx", module.MAX_BYTES)
    on = gate(extension_packages=folder)
    answer = await ask(b"GET /.mailgate/extension/mailgate.crx HTTP/1.1", on=on)
    assert len(answer.body) == module.MAX_BYTES
    os.truncate(folder / "mailgate.crx", module.MAX_BYTES + 1)
    assert await status("mailgate.crx", on=on) == 404


async def test_nobody_puts_a_package_there(folder):
    with pytest.raises(RequestRefused) as refused:
        await ask(b"PUT /.mailgate/extension/mailgate.crx HTTP/1.1", on=gate(extension_packages=folder))
    assert (refused.value.status, refused.value.allow) == (405, ("GET", "HEAD"))
