"""The reference reporter: its source compiles against Android's classes by name, and what it says to a gate is what a gate takes."""

import asyncio
import json
import shutil
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tests.integration.conftest import client as client
from tests.integration.conftest import webmail as webmail
from tests.integration.fleet import PUBLIC, fleet, mailgate
from tests.integration.test_reporter import ANDROID, play_settings
from tests.pki import name
from tests.servers import PATIENCE
from tests.simulated_phones import Maker
from tests.vectors.build_certificate_vectors import (
    REPORTER,
    android,
    application,
    description,
    jwe,
    jws,
    play_says,
)

HERE, SOURCE = Path(__file__).parent, Path(__file__).parents[2] / "reporter"
JAVA = sorted((SOURCE / "src/main/java").rglob("*.java"))
SPACE = "{http://schemas.android.com/apk/res/android}"
TIKTOK = "com.zhiliaoapp.musically"

pytestmark = pytest.mark.skipif(not shutil.which("javac"), reason="javac is missing (a JDK)")


async def compiled(into: Path, *sources: Path) -> tuple[int, str]:
    """The exit code and the words of a compiler that takes no warning."""
    arguments = ["-Werror", "-Xlint:all,-serial", "--release", "11", "-d", str(into), *map(str, sources)]
    process = await asyncio.create_subprocess_exec(
        "javac", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()


def stubs(folder: Path) -> list[Path]:
    """Android's classes as far as they are used, as files."""
    files = []
    for line in (HERE / "android_stubs.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        package, _, text = line.partition(": ")
        kind = text.replace("abstract ", "").split()[2]
        path = folder / package.replace(".", "/") / f"{kind}.java"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"package {package};\n{text}\n")
        files.append(path)
    return files


async def test_its_source_compiles(tmp_path: Path) -> None:
    code, told = await compiled(tmp_path / "classes", *JAVA, *stubs(tmp_path))
    assert (code, told) == (0, "")


def test_its_manifest_names_what_there_is_and_asks_for_nothing_that_it_does_not_need() -> None:
    manifest = ElementTree.parse(SOURCE / "src/main/AndroidManifest.xml").getroot()
    classes = {path.stem for path in JAVA}
    (application_element,) = manifest.findall("application")
    components = [each for each in application_element if each.tag in ("activity", "service", "receiver")]
    assert {each.get(f"{SPACE}name", "").removeprefix(".") for each in components} <= classes
    exported = [each.get(f"{SPACE}name") for each in components if each.get(f"{SPACE}exported") != "false"]
    assert exported == [".MainActivity"]
    permissions = {
        each.get(f"{SPACE}name", "").rpartition(".")[2] for each in manifest.findall("uses-permission")
    }
    assert permissions == {"INTERNET", "RECEIVE_BOOT_COMPLETED", "INTERACT_ACROSS_PROFILES"}
    assert manifest.findall("queries") == []  # they come from apps.yaml alone


def test_its_texts_and_settings_are_those_that_are_used() -> None:
    code = "\n".join(path.read_text() for path in JAVA)
    code += "".join(path.read_text() for path in (SOURCE / "src").rglob("*.xml"))
    strings = ElementTree.parse(SOURCE / "src/main/res/values/strings.xml").getroot()
    for each in strings:
        assert f"R.string.{each.get('name')}" in code or f"@string/{each.get('name')}" in code
    restrictions = ElementTree.parse(SOURCE / "src/main/res/xml/restrictions.xml").getroot()
    assert {each.get(f"{SPACE}key") for each in restrictions} == {"gate", "token", "fully_managed"}
    assert all(f'"{each.get(f"{SPACE}key")}"' in code for each in restrictions)


@asynccontextmanager
async def speaking(classes: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    command = ("java", "-cp", str(classes), "com.example.reporter.Speak", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def heard(process: asyncio.subprocess.Process) -> tuple[int, dict[str, Any]]:
    status, _, told = (await line_of(process)).partition(" ")
    return int(status), json.loads(told)


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode().strip()


def say(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n".encode())


async def test_the_java_reporter_enrols_and_answers_at_a_gate(webmail: TestServer, tmp_path: Path) -> None:
    plain = [path for path in JAVA if "android" not in path.read_text().replace('"android', "")]
    assert {path.stem for path in plain} == {
        "Answers",
        "Gate",
        "IntegrityToken",
        "Json",
        "Proof",
        "SigningKey",
    }
    code, told = await compiled(tmp_path / "classes", *plain, HERE / "Speak.java")
    assert (code, told) == (0, "")
    maker = Maker.of(datetime.now(UTC))
    maker.root.write(tmp_path, "maker")
    settings = {
        "attestation": {"hardware": {"android_key": {"roots": "../maker.pem"}}, "nonces": "require"},
        "reporter": {"android": ANDROID | {"play_integrity": play_settings(tmp_path)}},
    }
    with fleet(
        tmp_path, str(webmail.make_url("")), f"sqlite:///{tmp_path}/shared.db", 1, **settings
    ) as gates:
        token = str(mailgate(tmp_path, "enroll", "token")["token"])
        async with speaking(tmp_path / "classes", gates.url(), PUBLIC, token, TIKTOK) as reporter:
            challenge, _, public = (await line_of(reporter)).partition(" ")
            key = load_der_public_key(b64decode(public))
            attested = description(challenge=challenge.encode(), by_software=application((REPORTER, 7)))
            leaf = maker.batch.sign(name("Android Keystore Key"), [android(attested)], key=_Public(key))
            say(reporter, " ".join(b64encode(each.der).decode() for each in (leaf, maker.batch)))
            asked = await line_of(reporter)
            say(reporter, jwe(jws(play_says("requestDetails.nonce", asked, now=datetime.now(UTC)))))
            status, told_of = await heard(reporter)
            assert (status, told_of["reporter"]["apps"]) == (201, {"tiktok": [TIKTOK]})
            for installed, state in (("org.example.private", "clean"), (TIKTOK, "listed"), ("", "clean")):
                say(reporter, installed)
                status, told_of = await heard(reporter)
                assert (status, "device_attestation" in told_of) == (200, True)
                (device,) = mailgate(tmp_path, "devices", "list")
                assert device["state"] == state


class _Public:
    """A key of which a test knows the public half alone."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def public_key(self) -> Any:
        return self._key
