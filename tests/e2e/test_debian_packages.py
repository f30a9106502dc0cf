"""The Debian packages that one build makes: on each Debian that they are for, and for each architecture. ``deploy/try-deb`` tries them under systemd."""

import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from tests.integration.conftest import IPHONE, LAPTOP
from tests.servers import PATIENCE, in_memory, require_or_skip, unavailable

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
SUITES = {"bookworm": "3.11", "trixie": "3.13"}
"""Each Debian, and its Python."""
MACHINES = {"amd64": 62, "arm64": 183}
"""The machine in the head of an ELF file, by Debian's name of the architecture."""
QUICK = {"DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}
"""How they are packed here: nobody keeps them, and xz takes a third of the build."""
ROOM = 4 << 30
"""Bytes that have to be free where they are built."""
LOOPBACK = """\
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH22x", b"lo", 0x49))
"""
PLAY = """\
cd /var/lib/mailgate
mkdir webmail && echo inbox >webmail/index.html
python3 -m http.server --bind 127.0.0.1 --directory webmail 9080 >webmail.log 2>&1 &
mailgate run 2>log & gate=$!
timeout 120 sh -c 'until curl -so ready http://127.0.0.1:8081/readyz; do sleep 0.3; done' || cat log
python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])'
for agent in "$1" "$2"; do curl -so page -w '%{http_code}\\n' -A "$agent" http://127.0.0.1:8080/; done
kill $gate; wait $gate; echo $?
mailgate extension package --out packages >log && ls packages
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_or_skip("dpkg-buildpackage", "dh", "dh_python3")
    folder = tmp_path_factory.mktemp("packages")
    nobody = {name: value for name, value in os.environ.items() if name not in ("DEBFULLNAME", "DEBEMAIL")}
    built = subprocess.run(
        [ROOT / "deploy" / "build-deb", folder],
        env={
            **nobody,
            **QUICK,
            "ALSO": " ".join(MACHINES),
            "TMPDIR": str(in_memory(ROOM) or tmp_path_factory.getbasetemp()),
        },
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    return folder


def package(packages: Path, name: str, architecture: str) -> Path:
    (found,) = packages.glob(f"{name}_*_{architecture}.deb")
    return found


def compiled(path: Path) -> dict[str, int]:
    """The machine that each library of a package is for."""
    content = subprocess.check_output(["dpkg-deb", "--fsys-tarfile", path])
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        files = [each for each in archive.getmembers() if re.search(r"\.so(\.|$)", each.name)]
        heads = {each.name: archive.extractfile(each).read(20) for each in files}  # type: ignore[union-attr]
    return {name: int.from_bytes(head[18:20], "little") for name, head in heads.items()}


def test_one_build_makes_the_libraries_of_every_machine_and_python(packages: Path) -> None:
    modules = {}
    for architecture, machine in MACHINES.items():
        found = compiled(package(packages, "mailgate-libs", architecture))
        assert set(found.values()) == {machine}
        named = re.findall(r"([\w/]+)\.(cpython-\d+|abi3)\S*\.so$", "\n".join(found), re.MULTILINE)
        modules[architecture] = {which: {name for name, of in named if of == which} for _, which in named}
    assert modules["amd64"] == modules["arm64"]
    assert {"abi3", "cpython-311", "cpython-313"} <= modules["amd64"].keys()
    assert modules["amd64"]["cpython-311"] == modules["amd64"]["cpython-313"]
    assert compiled(package(packages, "mailgate", "all")) == {}


def test_the_extension_comes_along(packages: Path) -> None:
    content = subprocess.check_output(["dpkg-deb", "--fsys-tarfile", package(packages, "mailgate", "all")])
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        found = {each.name.partition("/mailgate/mailgate/extension/")[2] for each in archive if each.isfile()}
    assert {"package.json", "manifest.json", "background/main.js", "_locales/ar/messages.json"} <= found


def test_lintian_finds_nothing(packages: Path) -> None:
    require_or_skip("lintian")
    both = package(packages, "mailgate", "all"), package(packages, "mailgate-libs", "amd64")
    # the spelling of what stands in a library is never more than an information, and none is shown
    found = subprocess.run(["lintian", "-X", "binaries/spelling", *both], capture_output=True, text=True)
    assert found.stdout == ""


def test_no_address_is_named_that_nobody_has_given(packages: Path) -> None:
    for path in packages.glob("*.deb"):
        assert subprocess.check_output(["dpkg-deb", "--field", path, "Maintainer"], text=True) == "Mailgate\n"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory: the many files of a Debian are written and thrown away with less work."""
    if os.geteuid():
        unavailable("a Debian is made by root")
    folder = tmp_path / "memory"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def made(suite: str, root: Path, *arguments: str) -> None:
    """Make a Debian that has apt and what no Debian lacks."""
    require_or_skip("mmdebstrap", "unshare", "chroot")
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        '--aptopt=Acquire::Languages "none"',
        *arguments,
        suite,
        root,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize("suite", SUITES)
def test_a_gate_that_was_just_installed_decides(suite: str, packages: Path, memory: Path) -> None:
    both = [package(packages, name, of) for name, of in (("mailgate", "all"), ("mailgate-libs", "amd64"))]
    given, root = " ".join(f"/opt/{each.name}" for each in both), memory / "root"
    made(
        suite,
        root,
        "--include=curl",
        f"--customize-hook=copy-in {' '.join(map(str, both))} /opt",
        f'--customize-hook=chroot "$1" apt-get install --yes --no-install-recommends {given}',
    )
    (root / "opt" / "play").write_text(PLAY)
    # systemd would make the gate's folder
    start = f"""
        python3 -c '{LOOPBACK}' && install -d -o mailgate -g mailgate /var/lib/mailgate
        exec setpriv --reuid=mailgate --regid=mailgate --clear-groups sh /opt/play "$@"
    """
    apart = [
        "unshare",
        "--net",
        "--pid",
        "--mount",
        "--fork",
        "--kill-child",
        f"--root={root}",
        "--mount-proc",
    ]
    played = subprocess.run(
        [*apart, "sh", "-c", start, "sh", LAPTOP, IPHONE],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    packed = ["mailgate-chromium.zip", "mailgate.xpi"]
    assert played.stdout.split() == [SUITES[suite], "200", "403", "0", *packed], played.stdout + played.stderr


def test_a_bare_debian_has_what_the_page_names_to_build_them(tmp_path: Path) -> None:
    """By what apt would install where nothing is: a real installation would unpack a compiler."""
    require_or_skip("apt-get", "apt-cache", "dpkg-checkbuilddeps")
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    (needed,) = re.findall(r"^apt install (make .*)$", page, re.MULTILINE)
    status = tmp_path / "status"
    status.touch()
    nothing = ["-o", f"Dir::State::status={status}", "-o", "Debug::NoLocking=1", "--no-install-recommends"]
    bare = ["?essential", "?priority(required)"]
    planned = said("apt-get", *nothing, "--simulate", "install", *bare, *needed.split())
    found = re.findall(r"^Inst (\S+) \((\S+)", planned, re.MULTILINE)
    assert {"make", "dpkg"} <= {name for name, _ in found}, planned
    told = said("apt-cache", "show", *(f"{name}={version}" for name, version in found))
    status.write_text(told.replace("\nVersion: ", "\nStatus: install ok installed\nVersion: "))
    said("dpkg-checkbuilddeps", f"--admindir={tmp_path}", ROOT / "deploy" / "debian" / "control")


def said(*command: str | Path) -> str:
    done = subprocess.run(command, env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
