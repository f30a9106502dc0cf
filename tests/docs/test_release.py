"""What ``make release`` is made of: the locks, the licences, the bill of materials. ``deploy/make-release`` itself takes minutes and compares two builds."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from io import BytesIO
from pathlib import Path

import pytest
from deploy.release import licences, withdrawn
from deploy.release.image import settled
from deploy.release.locked import Locked, read_lock
from deploy.release.needs import needs
from tests.docs.reading import ROOT
from tests.servers import require_or_skip

PAGE = (ROOT / "docs" / "release.md").read_text("utf-8")
LOCKED = read_lock(ROOT / "requirements.lock")
HASH = "0" * 64
MADE_UP = Locked("none-of-these", "1.0", "", (HASH,))
RELEASE = ROOT / ".venv-release" / "bin" / "python"


@pytest.mark.parametrize("lock", sorted(ROOT.glob("*.lock")), ids=lambda lock: lock.name)
def test_every_lock_pins_every_package_by_version_and_hashes(lock: Path) -> None:
    packages = read_lock(lock)
    assert sum(len(each.hashes) for each in packages) == lock.read_text("utf-8").count("--hash=sha256:")
    assert all(each.hashes for each in packages)


def test_the_release_lock_has_the_versions_of_a_run() -> None:
    """The bill reads the metadata of the very versions that a run gets."""
    run = {each.name: each.version for each in LOCKED}
    beside = {each.name: each.version for each in read_lock(ROOT / "requirements-release.lock")}
    assert {name: run[name] for name in run.keys() & beside.keys()} == {
        name: beside[name] for name in run.keys() & beside.keys()
    }


def test_a_pin_for_another_system_does_not_apply(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(
        f"here==1.0 ; sys_platform != 'win32' \\\n    --hash=sha256:{HASH} \\\n    --hash=sha256:{HASH}\n"
        f"there==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{HASH}\n"
    )
    here, there = read_lock(lock)
    assert (here.purl, len(here.hashes), here.applies()) == ("pkg:pypi/here@1.0", 2, True)
    assert (there.version, there.applies()) == ("2.0", False)


@pytest.mark.parametrize("line", ["here==1.0", "here>=1.0 --hash=sha256:" + HASH, "-r other.lock"])
def test_a_line_that_pins_nothing_is_refused(line: str, tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"some\.lock: .* pins no version with its hashes"):
        read_lock(lock)


def test_the_table_of_licences_is_of_what_is_locked() -> None:
    assert "`aiohttp==" in PAGE
    assert licences.with_table(PAGE, LOCKED) == PAGE, (
        "run: PYTHONPATH=. .venv/bin/python -m deploy.release.licences"
    )


def test_a_licence_told_by_its_package_is_not_repeated_here() -> None:
    """A row that nobody looks at would go on when the licence has changed."""
    assert [name for name in licences.READ if licences._told(name)] == []
    assert licences.READ.keys() <= {each.name for each in LOCKED}


def test_a_licence_that_nobody_has_read_stops_the_table() -> None:
    with pytest.raises(ValueError, match=r"none-of-these 1\.0 has no licence expression: read its licence"):
        licences.licence_of(MADE_UP)


def test_a_licence_that_is_not_accepted_stops_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(licences.READ, MADE_UP.name, "MIT OR (AGPL-3.0-only WITH x)")
    with pytest.raises(ValueError, match=r"AGPL-3\.0-only, x is not accepted"):
        licences.licence_of(MADE_UP)


def test_dependencies_reach_every_locked_package() -> None:
    names = {each.name for each in LOCKED if each.applies()}
    found = needs(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"], names)
    assert "psycopg-pool" in found["psycopg"]  # by an extra that is asked for
    reached, left = set(), {""}
    while left:
        reached |= left
        left = {other for name in left for other in found[name]} - reached
    assert reached - {""} == names


def report(*, yanked: bool = False, url: str = "https://example.com/a.whl") -> str:
    package = {"metadata": {"name": "a", "version": "1"}, "is_yanked": yanked, "download_info": {"url": url}}
    return json.dumps({"install": [package]})


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ((0, report(), ""), (0, "none of 1 versions is withdrawn")),
        ((0, report(yanked=True), ""), (1, "withdrawn: a 1")),
        (
            (0, report(url="file:///srv/wheels/a.whl"), ""),
            (0, "none of 1 versions is withdrawn; not asked about, since they lie on this machine: a 1"),
        ),
        (
            (
                1,
                "",
                "WARNING: Retrying (Retry(total=0)) after …\nERROR: No matching distribution found for a==1",
            ),
            (withdrawn.UNKNOWN, "not checked, since the package index does not answer"),
        ),
        (
            (1, "", "ERROR: Could not find …\nERROR: No matching distribution found for a==1\n"),
            (1, "No matching distribution found for a==1"),
        ),
    ],
)
def test_the_answer_of_pip_tells_withdrawn_versions(
    answer: tuple[int, str, str], verdict: tuple[int, str]
) -> None:
    assert withdrawn.verdict(*answer) == verdict


def test_the_worst_of_several_locks_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {"a": 0, "b": 77, "c": 1}
    monkeypatch.setattr(withdrawn, "_judged", codes.__getitem__)
    assert [withdrawn.main(list(locks)) for locks in ("a", "ab", "bca")] == [0, 77, 1]


@pytest.mark.parametrize("lock", ["extension/package-lock.json", "tests/e2e/package-lock.json"])
def test_nothing_that_npm_installs_was_withdrawn_when_it_was_locked(lock: str) -> None:
    packages = json.loads((ROOT / lock).read_text("utf-8"))["packages"]
    assert [name for name, each in packages.items() if "deprecated" in each] == []


@pytest.mark.skipif(not RELEASE.exists(), reason="make release sets up what this takes")
def test_the_bill_of_materials_has_every_package_with_licence_and_hashes(tmp_path: Path) -> None:
    file = tmp_path / "made.cdx.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1790000000"}
    subprocess.run([RELEASE, "-m", "deploy.release.sbom", file], env=environment, cwd=ROOT, check=True)
    bill = json.loads(file.read_text("utf-8"))
    assert bill["metadata"]["timestamp"] == "2026-09-21T14:13:20+00:00"
    found = {each["purl"]: each for each in bill["components"]}
    here = [each for each in LOCKED if each.applies()]
    assert found.keys() == {each.purl for each in here}
    for each in here:
        of = found[each.purl]
        assert {h["content"] for ref in of["externalReferences"] for h in ref["hashes"]} == set(each.hashes)
        assert of["licenses"]


def archive(path: Path, hostname: str) -> Path:
    """As podman saves an image, down to the folders of an older form."""
    config = {"config": {"Hostname": hostname, "Healthcheck": {"Test": ["CMD", "x"]}}, "container": hostname}
    image = [{"Config": f"{hostname}.json", "RepoTags": ["mailgate:1"], "Layers": ["layer.tar"]}]
    files = {
        f"{hostname}/json": b"{}",
        "layer.tar": b"files",
        f"{hostname}.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(image).encode(),
    }
    with tarfile.open(path, "w") as target:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            target.addfile(entry, BytesIO(content))
    return path


def test_an_image_depends_on_what_is_in_it_alone(tmp_path: Path) -> None:
    for name in ("one", "other"):
        settled(archive(tmp_path / name, name), tmp_path / f"{name}.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "other.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as made:
        (image,) = json.loads(made.extractfile("manifest.json").read())  # type: ignore[union-attr]
        text = made.extractfile(image["Config"]).read()  # type: ignore[union-attr]
        assert image["Config"] == f"{hashlib.sha256(text).hexdigest()}.json"
        assert json.loads(text) == {"config": {"Healthcheck": {"Test": ["CMD", "x"]}}}
        assert made.extractfile("layer.tar").read() == b"files"  # type: ignore[union-attr]
        assert {each.mtime for each in made} == {0}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with the script and a version, and nothing to build from."""
    require_or_skip("git")
    folder = tmp_path / "clone"
    (folder / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "make-release", folder / "deploy")
    (folder / "pyproject.toml").write_text('version = "1.2.3"\n')
    (folder / ".gitignore").write_text(".venv-*\n")
    (folder / ".venv-release" / "bin").mkdir(parents=True)
    (folder / ".venv-release" / "bin" / "python").symlink_to(sys.executable)
    git = ["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "x"]):
        subprocess.run([*git, *command], check=True)
    return folder


def refused(clone: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [clone / "deploy" / "make-release", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_a_release_needs_a_commit_a_new_folder_and_a_key(clone: Path) -> None:
    assert "use the name of a new folder" in refused(clone, ".")
    assert "KEY=nowhere: use a key" in refused(clone, KEY="nowhere")
    (clone / "more").touch()
    assert "not committed, and a release is built from a commit:\n?? more\n" in refused(clone)
    (clone / ".venv-release" / "bin" / "python").unlink()
    assert "`make release` sets it up" in refused(clone)


def test_a_part_that_cannot_be_built_ends_it(clone: Path) -> None:
    """Whatever comes after that part works."""
    (clone / "deploy" / "release").mkdir()
    for module in ("withdrawn", "sbom"):
        (clone / "deploy" / "release" / f"{module}.py").write_text("import sys; open(sys.argv[1], 'a')\n")
    (clone / ".venv-here" / "bin").mkdir(parents=True)
    (clone / ".venv-here" / "bin" / "python").symlink_to(shutil.which("false") or "")
    (clone / ".gitignore").write_text(".venv\n.venv-*\nrequirements*.lock\n")
    (clone / ".venv").symlink_to(".venv-here")
    git = ["git", "-C", clone, "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["add", "."], ["commit", "--quiet", "--message", "x"]):
        subprocess.run([*git, *command], check=True)
    assert "the first build failed" in refused(clone)
    assert not (clone / "dist").exists()


def test_the_page_shows_how_a_signature_is_verified(tmp_path: Path) -> None:
    """By openssl alone, as the page says it: with a key and a signature of the kind that cosign makes."""
    require_or_skip("openssl")
    key = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "own.key"]
    public = ["openssl", "ec", "-in", "own.key", "-pubout", "-out", "mailgate.pub"]
    (tmp_path / "mailgate-0.1.0.tar.gz").write_bytes(b"x")
    sums = f"{hashlib.sha256(b'x').hexdigest()}  mailgate-0.1.0.tar.gz\n"
    (tmp_path / "SHA256SUMS").write_text(sums)
    sign = "openssl dgst -sha256 -sign own.key SHA256SUMS | base64 -w0 > SHA256SUMS.sig"
    for command in (key, public, ["bash", "-c", sign]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    shown = PAGE.partition("<!-- verify -->\n```sh\n")[2].partition("```")[0]
    assert "openssl" in shown

    def verified() -> int:
        return subprocess.run(["bash", "-ec", shown], cwd=tmp_path, capture_output=True).returncode

    assert verified() == 0
    (tmp_path / "mailgate-0.1.0.tar.gz").write_bytes(b"y")
    assert verified() != 0
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(b'y').hexdigest()}  mailgate-0.1.0.tar.gz\n")
    assert verified() != 0
