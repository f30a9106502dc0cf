"""The containers of ``docker-compose.yml``, in a network of their own that nothing else of this machine is on.

No image can be pulled: the gate's image is built from the ``Dockerfile`` over a stand-in for its base, made of the
Debian packages of this machine, and the others run programs of this machine over the same base (``stand-ins.yml``). Files, networks, users' rights and commands are those of
the compose file.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import PATIENCE, require_or_skip, running, unavailable

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/python:3.13-slim"
STAND_INS = Path(__file__).with_name("stand-ins.yml")
PROGRAMS = (
    "podman",
    "crun",
    "netavark",
    "aardvark-dns",
    "nft",
    "apt-cache",
    "docker-compose",
    "nsenter",
    "ip",
)
PLACES = ("/usr/lib/podman", "/usr/libexec/podman")
"""Where Debian puts what podman calls by itself."""
PIP = ("/etc/ssl/certs", "/etc/pip.conf", "/opt/wheels")
"""How this machine reaches a package index, where it says so: needed to build, and in no layer of the image."""
SETTINGS = """\
[containers]
cgroups = "disabled"
dns_options = ["timeout:1", "attempts:1"]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "crun"
[network]
network_config_dir = "{run}/networks"
"""
PACKAGES = "base-files base-passwd coreutils dash libstdc++6 passwd python3-venv"
# With files that the installation of a package makes: Python's compiled modules, Debian's first users. Python has
# the name that it has in the image.
PACKED = rf"""
set -euo pipefail
names=$(apt-cache depends --recurse --installed --important {PACKAGES} | grep '^\w')
lists=$(printf '/var/lib/dpkg/info/%s.list\n' $names $(printf "%s:$(dpkg --print-architecture)\n" $names) | xargs ls 2>/dev/null || true)
{{ echo /tmp; grep -h ^/ $lists; find /usr/lib/python3.* -path '*/__pycache__*'; }} | sort -u \
  | grep -v '^/usr/share/\(doc\|man\|locale\)/' \
  | tar --create --absolute-names --no-recursion --ignore-failed-read --files-from - --file - \
    --transform 's,usr/share/base-passwd/\(.*\).master$,etc/\1,' --transform 's,usr/bin/python3$,usr/bin/python,' | "$@"
"""
APART = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
"""What the engine has for itself: where it ends, all that it started does."""
# crun does not start with cgroups of two kinds at once; a network of its own keeps the ports of the compose file
# free, and apart from the networks of other runs.
ALONE = """\
umount /sys/fs/cgroup/unified 2>/dev/null
mkdir -p /run/containers/networks && mount -t tmpfs tmpfs /run/containers/networks
ip link set lo up
exec podman {options} system service --time 0 unix://{socket}
"""


@dataclass(frozen=True)
class Containers:
    """The running containers, and the process whose network they share."""

    run: Path
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DOCKER_HOST": f"unix://{self.run}/podman.sock", "MAILGATE_RUN": str(self.run)}

    def compose(self, *arguments: str) -> str:
        """The output of ``docker-compose``. Raises with its error output."""
        files = ["--file", ROOT / "docker-compose.yml", "--file", STAND_INS]
        # the files are read from a copy that has the secrets of this run beside it
        command = ["docker-compose", "--project-directory", self.run / "project", *files, *arguments]
        return _said(command, self.environment)

    def inside(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """A program of this machine, in the network of the containers' host."""
        within = ["nsenter", "--net", "--target", str(self.pid), *command]
        return subprocess.run(within, capture_output=True, text=True, timeout=PATIENCE)

    def get(self, url: str, *arguments: str) -> str:
        """The answer to a request with its head."""
        authority = self.run / "authority.crt"
        asked = self.inside("curl", "-sS", "--include", "--cacert", authority, *arguments, url)
        assert asked.returncode == 0, asked.stderr
        return asked.stdout

    def healthy(self, service: str) -> bool:
        """The current result of the service's own health check."""
        return self.podman("healthcheck", "run", f"mailgate-{service}-1").returncode == 0

    def podman(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["podman", "--remote", "--url", f"unix://{self.run}/podman.sock", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def _said(command: Sequence[str | Path], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


@contextmanager
def containers(run: Path) -> Iterator[Containers]:
    """An engine with the gate's image, a stand-in for every other, and secrets; nothing is started yet."""
    need()
    (run / "containers.conf").write_text(SETTINGS.format(run=run))
    os.environ["CONTAINERS_CONF"] = str(run / "containers.conf")
    store = ["--root", str(run / "store"), "--runroot", str(run / "state"), "--storage-driver", "overlay"]
    with ExitStack() as ending:
        ending.callback(os.environ.pop, "CONTAINERS_CONF")
        ending.callback(_unmount, run)
        # a third of a gigabyte in many files, all for one run: in memory they are made and thrown away with less work
        (run / "store").mkdir()
        _said(["mount", "-t", "tmpfs", "tmpfs", run / "store"], dict(os.environ))
        build(store)
        script = ALONE.format(options=" ".join(store), socket=run / "podman.sock")
        engine = ending.enter_context(
            running(
                [*APART, "bash", "-c", script],
                ready=(run / "podman.sock").exists,
                log=run / "podman.log",
            )
        )
        project(run)
        yield Containers(run, engine.pid)


def need() -> None:
    """Skip if a part is missing."""
    if os.geteuid() != 0:
        unavailable("containers need root here: namespaces and mounts are theirs to make")
    path = os.pathsep.join([os.environ["PATH"], *PLACES])
    missing = [each for each in PROGRAMS if not shutil.which(each, path=path)]
    if missing:
        unavailable(f"not installed: {', '.join(missing)}")
    require_or_skip("caddy", "dovecot", "php", "prometheus", "curl")


def build(store: Sequence[str]) -> None:
    """The stand-in for the base, and the gate's image over it."""
    podman = ["podman", *store]
    _said(["bash", "-c", PACKED, "bash", *podman, "import", "-", BASE], dict(os.environ))
    limits = ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=96000:96000"]
    index = [part for place in PIP if Path(place).exists() for part in ("--volume", f"{place}:{place}:ro")]
    how = [
        "--isolation",
        "chroot",
        "--format",
        "docker",
        "--layers=false",
        "--pull=never",
        "--network",
        "host",
    ]
    _said([*podman, "build", *how, *limits, *index, "--tag", "mailgate", ROOT], dict(os.environ))


def project(run: Path) -> None:
    """Make the folder of the compose file, with its own secrets and the files of the stand-ins."""
    here = run / "project"
    for name in ("deploy", "config"):
        shutil.copytree(ROOT / name, here / name, ignore=shutil.ignore_patterns("secrets", "__pycache__"))
    (here / "deploy" / "grafana").mkdir(exist_ok=True)
    _said([here / "deploy" / "compose" / "make-secrets"], dict(os.environ))
    for name in ("passwd", "group"):
        entry = "vmail:x:1000:1000::/srv/vmail:/usr/sbin/nologin\n" if name == "passwd" else "vmail:x:1000:\n"
        (run / name).write_text(Path(f"/etc/{name}").read_text() + entry)


def _unmount(run: Path) -> None:
    """Unmount what an ended engine has left mounted."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in sorted((each for each in mounted if each.startswith(f"{run}/")), reverse=True):
        subprocess.run(["umount", "--lazy", place], check=False)


def fields(answer: str) -> dict[str, Any]:
    """The header of an answer: each name in lower case, with its last value."""
    head = answer.replace("\r", "").partition("\n\n")[0].splitlines()[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
