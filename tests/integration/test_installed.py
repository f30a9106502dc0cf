"""``pip install`` leads somewhere: what is built, and what the wheel does in an empty folder."""

import email
import os
import re
import subprocess
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.demos import running_demo
from tests.docs.test_lay_installed import dead_links
from tests.integration.installed import ROOT, Built, build, install
from tests.servers import PATIENCE, free_port, require_or_skip, running

from mailgate.cli.extension_files import Fit, manifest_for, packed

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAILGATE_CONFIG")
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def programs(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(built.wheel, tmp_path_factory.mktemp("installed") / "venv")


def names_in(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {each.name.partition("/")[2] for each in archive.getmembers()}


def call(
    programs: Path, folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [programs / "mailgate", *arguments],
        cwd=folder,
        env=ENVIRONMENT | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@contextmanager
def started(programs: Path, folder: Path, *arguments: str, says: str) -> Iterator[Path]:
    """A program that has said this; the file of what it says."""
    log = folder / "log"
    command = [programs / "mailgate", *arguments]
    clean = {"PYTHONPATH": "", "MAILGATE_CONFIG": ""}
    with running(
        command, ready=lambda: says in log.read_text(), log=log, directory=folder, environment=clean
    ):
        yield log


def test_the_source_has_everything_for_the_wheel_and_its_pages(built: Built) -> None:
    names = names_in(built.sdist)
    links = re.findall(r"\]\((?![a-z]+:|#)([^)#]+)", (ROOT / "README.md").read_text("utf-8"))
    assert {"hatch_build.py", "config/policy.yaml", "requirements.lock", "docs/mailgate.1", *links} <= names
    assert not [
        name
        for name in names
        if re.match(r"(tests|benchmarks|\.ci)/|.*(test_|__pycache__|node_modules)", name)
    ]


def test_the_wheel_gives_the_extension_away_without_anything_else(programs: Path, tmp_path: Path) -> None:
    done = call(programs, tmp_path, "extension", "package", "--out", "out")
    assert done.returncode == 0, done.stderr
    fit = Fit()
    assert (tmp_path / "out/mailgate.xpi").read_bytes() == packed(manifest_for("firefox", fit))
    assert (tmp_path / "out/mailgate-chromium.zip").read_bytes() == packed(manifest_for("chromium", fit))


@pytest.fixture
def source(built: Built, tmp_path: Path) -> Path:
    """A folder with the source."""
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (folder,) = (tmp_path / "source").iterdir()
    return folder


def test_a_wheel_made_of_the_source_is_the_same(built: Built, source: Path, tmp_path: Path) -> None:
    again = build(source, tmp_path / "dist", "wheel").wheel
    assert {each.filename: each.CRC for each in zipfile.ZipFile(again).infolist()} == {
        each.filename: each.CRC for each in zipfile.ZipFile(built.wheel).infolist()
    }


def test_files_made_in_a_clone_are_not_in_the_source(built: Built, source: Path, tmp_path: Path) -> None:
    """Where a line of .gitignore is true of the clone's own folder, hatchling reads none of them."""
    made = ["extension/node_modules/x/x.js", "proxy/mailgate/__pycache__/x.pyc", "config/var/mailgate.db"]
    for name in [*made, "var/demo/x", "dist/x.whl", "deploy/mailgate.db-wal", "docs/.mypy_cache/x.json"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    for folder in ("a", "var/dist/node_modules"):
        (tmp_path / folder).mkdir(parents=True)
        source = source.rename(tmp_path / folder / "clone")
        again = build(source, tmp_path / "built" / folder, "sdist").sdist
        assert names_in(again) == names_in(built.sdist), folder


def test_an_index_takes_both_and_shows_the_readme_with_links_that_lead_somewhere(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        (name,) = [each for each in wheel.namelist() if each.endswith("/METADATA")]
        metadata = email.message_from_bytes(wheel.read(name))
    shown = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]+)\)", shown)
    assert links
    assert all(each.startswith(("https://", "http://", "#")) for each in links)
    assert shown.startswith("# Mailgate\n")
    assert {each.partition(",")[0] for each in metadata.get_all("Project-URL", [])} >= {
        "Homepage",
        "Changelog",
    }


def test_twine_finds_nothing(built: Built) -> None:
    require_or_skip("twine")
    checked = subprocess.run(
        ["twine", "check", "--strict", built.wheel, built.sdist], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_the_manual_and_the_pages_are_installed_and_their_links_lead_somewhere(programs: Path) -> None:
    share = programs.parent / "share"
    assert (share / "man/man1/mailgate.1").read_text() == (ROOT / "docs/mailgate.1").read_text()
    assert dead_links(share / "doc/mailgate") == []
    there = {str(each.relative_to(share / "doc/mailgate")) for each in share.glob("doc/mailgate/**/*.*")}
    pages = {each.name for each in (ROOT / "docs").glob("*.md")}
    for_operators = {
        "deploy/nginx/forward-auth.conf",
        "deploy/prometheus/alerts.yml",
        "requirements-otel.lock",
    }
    assert there >= pages | for_operators | {"mailgate.service"}


def test_the_installed_commands_load_no_gate(programs: Path) -> None:
    """It would take a third of the time of a small command."""
    asked = "import sys, mailgate.cli as cli; print(cli.__file__, 'mailgate.app.service' in sys.modules)"
    said = subprocess.check_output([programs / "python", "-c", asked], env=ENVIRONMENT, text=True)
    place, _, loaded = said.strip().rpartition(" ")
    assert (Path(place).is_relative_to(programs.parent), loaded) == (True, "False")


def test_a_first_command_says_how_to_get_settings(programs: Path, tmp_path: Path) -> None:
    done = call(programs, tmp_path, "run")
    assert (done.returncode, "`mailgate init`" in done.stderr) == (2, True)


def test_the_demo_works_in_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    require_or_skip("curl", "grep", "bash")
    clean = {"PYTHONPATH": "", "MAILGATE_CONFIG": ""}
    program = (programs / "mailgate",)
    with running_demo(tmp_path, "--people", "0", program=program, environment=clean, cloned=False) as demo:
        commands = demo.commands()
        assert len(commands) == 4
        for words, command in commands.items():
            assert demo.keeps(words, command, ENVIRONMENT), words
    assert (tmp_path / "var/demo/rules/policy.yaml").is_file()


def test_files_of_init_pass_the_check_start_and_decide(programs: Path, tmp_path: Path) -> None:
    """They are found by the environment, and in their folder."""
    require_or_skip("curl", "bash")
    port, admin = free_port(), free_port()
    where = ["--listen", f"127.0.0.1:{port}", "--admin-listen", f"127.0.0.1:{admin}"]
    written = call(programs, tmp_path, "init", "--upstream", "http://127.0.0.1:9", *where)
    assert written.returncode == 0, written.stderr
    (tmp_path / "elsewhere").mkdir()
    checked = call(programs, tmp_path / "elsewhere", "check", MAILGATE_CONFIG="../config/mailgate.yaml")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("OK ../config/mailgate.yaml")
    (mint,) = [line.strip() for line in written.stdout.splitlines() if " attest mint " in line]
    with started(programs, tmp_path, "run", says='"listening"'):
        assert urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz").status == 200
        path = {**ENVIRONMENT, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

        def answered(command: str) -> str:
            return subprocess.check_output(["bash", "-c", command], cwd=tmp_path, env=path, text=True)

        assert "502" in answered(
            mint.replace("| curl ", "| curl -si ")
        )  # let through, to a webmail that is none
        assert "prohibited-app" in answered(mint.replace("--curl", "--app tiktok --curl"))
