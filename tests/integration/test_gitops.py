"""One repository feeds two gates: what is proposed is checked and planned, and what is merged comes in force, once, whichever gate pulls it."""

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest
import yaml
from aiohttp.test_utils import TestServer
from tests.admins import admins, token
from tests.integration import commands
from tests.integration.company import Issuer, Phone, gets
from tests.integration.fleet import PUBLIC
from tests.integration.gate import APPS, Gate, start_gate, wait_for
from tests.integration.test_versions import url as url
from tests.servers import PATIENCE, free_port, require_or_skip

DEPLOY = Path(__file__).parents[2] / "deploy" / "gitops"
BLOCKS = {
    "id": "prohibited-app",
    "title": "No <b>TikTok</b> | @everyone",
    "when": 'client.handheld && "prohibited" in device.lists',
    "effect": "block",
    "notice": {"fix": "remove-app", "contact": "it-help@example.com"},
}
LETS_IN = {"id": "everybody", "when": "true", "effect": "allow"}
ATTRIBUTES = "policy.tests.yaml export-ignore\n* export-subst\n"
STUBS = {
    "gh": 'while [ "$1" != --body-file ]; do shift; done; cp "$2" "$SAID"',
    "curl": 'while [ "$1" != --data-urlencode ]; do shift; done; cp "${2#body@}" "$SAID"',
    "mailgate": 'printf "%s\\0" "$PWD" "$@" >"$SAID.asked"; read -r code <"$SAID.code"; cat "$SAID.out"; cat "$SAID.err" >&2; exit "$code"',
}
"""What tells the forge, in place of it; and what lets the commands of a job be forked (``do_as_asked``)."""


def policy(*first: dict[str, Any]) -> str:
    return json.dumps({"rules": [*first, LETS_IN]}, indent=1)


def laptops(number: int) -> dict[str, Any]:
    """A rule that keeps nobody out."""
    return {"id": f"laptops-{number}", "when": 'client.kind == "laptop"', "effect": "allow"}


@dataclass
class Repository:
    """A bare repository, a clone to work in, and places that pull."""

    folder: Path

    def git(self, *arguments: str, place: str = "desk") -> str:
        named = ["-c", "user.name=ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", *named, *arguments]
        return subprocess.run(
            command, cwd=self.folder / place, check=True, capture_output=True, text=True
        ).stdout

    def begin(self, files: dict[str, str]) -> None:
        self.folder.mkdir()
        self.git("init", "--quiet", "--bare", "--initial-branch=main", "origin.git", place=".")
        self.git("clone", "--quiet", "origin.git", "desk", place=".")
        for name, text in files.items():
            (self.folder / "desk" / name).parent.mkdir(exist_ok=True)
            (self.folder / "desk" / name).write_text(text)
        self.commit("Begin")

    def commit(self, words: str, branch: str = "main") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", words)
        return self.push(branch)

    def push(self, branch: str = "main", what: str = "HEAD") -> str:
        self.git("push", "--quiet", "--force", "origin", f"{what}:refs/heads/{branch}")
        return self.git("rev-parse", what).strip()

    def write(self, *rules: dict[str, Any]) -> None:
        (self.folder / "desk" / "policy.yaml").write_text(policy(*rules))

    def pull(self, place: Path, branch: str = "main") -> None:
        place.mkdir(exist_ok=True)
        subprocess.run([DEPLOY / "pull", self.folder / "origin.git", branch, place], check=True)

    def proposed(self, branch: str, job: str, gate: Gate) -> tuple[int, str]:
        """What continuous integration does with a branch: the exit code, and the comment."""
        place, said = self.folder / f"job-{branch}-{job}", self.folder / f"said-{branch}-{job}"
        self.git("clone", "--quiet", "--branch", branch, "origin.git", place.name, place=".")
        stubs = self.folder / "stubs"
        stubs.mkdir(exist_ok=True)
        for name, body in STUBS.items():
            (stubs / name).write_text(f"#!/bin/sh\n{body}\n")
            (stubs / name).chmod(0o755)
        told = {
            "PATH": f"{stubs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SAID": str(said),
            "MAILGATE_GATE": "http://{}:{}".format(*gate.admin),
            "MAILGATE_ADMIN_TOKEN": token("ci"),
            "NUMBER": "7",
        }
        for kind in ("asked", "code"):
            os.mkfifo(f"{said}.{kind}")
        (doing := Thread(target=do_as_asked, args=(str(said), told), daemon=True)).start()
        for command in steps(job):
            done = subprocess.run(["bash", "-ec", command], cwd=place, env=told, capture_output=True, text=True, check=False)  # fmt: skip
            if "propose" in command:
                code = done.returncode
            else:
                done.check_returncode()
        Path(f"{said}.asked").write_text("")
        doing.join()
        return code, said.read_text()


def do_as_asked(said: str, environment: dict[str, str]) -> None:
    """Run the commands that the stub of ``mailgate`` asks for, until nothing is asked."""
    while asked := Path(f"{said}.asked").read_text():
        place, *arguments = asked.removesuffix("\0").split("\0")
        done = commands.begin(arguments, Path(place), environment).ended()
        for kind, text in (("out", done.stdout), ("err", done.stderr), ("code", f"{done.returncode}\n")):
            Path(f"{said}.{kind}").write_text(text)


def steps(job: str) -> list[str]:
    """The commands of an example in their order, without those that install Mailgate from an index."""
    read = yaml.safe_load((DEPLOY / job).read_text())
    if job == "gitlab.yml":
        found = [each for key in ("before_script", "script", "after_script") for each in read["propose"][key]]
    else:
        found = [each["run"] for each in read["jobs"]["propose"]["steps"] if "run" in each]
    install = [each for each in found if "pip install --require-hashes" in each]
    assert len(install) == 1
    return [each for each in found if each not in install]


@dataclass
class Site:
    """Two gates, the places where their rules are, and where mails go."""

    gates: list[Gate]
    places: list[Path]
    outbox: Path
    config: Path
    url: str

    def readyz(self, number: int) -> Any:
        with urlopen("http://{}:{}/readyz".format(*self.gates[number].admin)) as answer:
            return json.load(answer)["rules"]

    async def comes(self, number: int, version: int, held: str = "") -> None:
        """Wait until a gate decides by a version, and says this of its files."""

        def there() -> bool:
            rules = self.readyz(number)
            return rules["number"] == version and (held in rules["held"] if held else not rules["held"])

        await asyncio.to_thread(wait_for, there)

    def history(self) -> list[tuple[int, str]]:
        """The versions in force in turn, and why."""
        store = {"MAILGATE_STORE": self.url}
        done = commands.run(self.config, "policy", "history", "--json", **store)
        return [(each["number"], each["note"]) for each in reversed(json.loads(done.stdout))]

    def mails(self) -> list[tuple[str, str]]:
        """To whom which mail was sent."""
        read = [message_from_bytes(each.read_bytes()) for each in sorted(self.outbox.rglob("*.eml"))]
        return [(str(each["To"]), str(each["Subject"])) for each in read]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    require_or_skip("git")
    return Repository(tmp_path / "repository")


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def site(
    repository: Repository, issuer: Issuer, webmail: TestServer, tmp_path: Path, url: str
) -> Iterator[Site]:
    outbox = tmp_path / "outbox"
    settings: dict[str, Any] = {
        "listen": f"127.0.0.1:{free_port()}",
        "admin_listen": f"127.0.0.1:{free_port()}",
        "public_url": PUBLIC,
        "hosts": ["127.0.0.1"],
        "upstream": str(webmail.make_url("")),
        "store": {"env": "MAILGATE_STORE"},
        "spool": str(tmp_path / "spool"),
        "attestation": issuer.settings(tmp_path),
        "trusted_proxies": ["127.0.0.1"],
        "admins": admins(ci="viewer"),
        "guard": {"max_newly_blocked": 1},
        "notices": {"outbox": str(outbox), "sender": "it-help@example.com", "domain": "example.com"},
    }
    names = {"policy": "policy.yaml", "apps": "apps.yaml", "policy_tests": "policy.tests.yaml"}
    repository.begin(
        {
            "mailgate.yaml": json.dumps(settings),
            "apps.yaml": json.dumps(APPS),
            "policy.yaml": policy(),
            "policy.tests.yaml": "tests: []\n",
            ".mailgate/propose.py": (DEPLOY / "propose.py").read_text(),
        }
    )
    places = [tmp_path / "place-0", tmp_path / "place-1"]
    for place in places:
        repository.pull(place)
    # one gate has all its files from the repository, the other only its rules
    other = tmp_path / "other"
    other.mkdir()
    own = {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0", "spool": str(other / "spool")}
    files = {name: f"../place-1/current/{file}" for name, file in names.items()}
    (other / "mailgate.yaml").write_text(json.dumps(settings | own | {"files": files}))
    with ExitStack() as stopping:
        gates = []
        for config in (places[0] / "current/mailgate.yaml", other / "mailgate.yaml"):
            gates.append(start_gate(config, {"MAILGATE_STORE": url}))
            stopping.callback(lambda gate=gates[-1]: gate.process.poll() is None and gate.stop())
        yield Site(gates, places, outbox, other / "mailgate.yaml", url)


def test_no_attribute_of_the_repository_changes_the_files_that_were_checked(tmp_path: Path) -> None:
    """`git archive` leaves out and writes into what attributes name, and a checkout of continuous integration does not."""
    files = {"policy.yaml": "# $Format:%s$\n", "policy.tests.yaml": "", ".gitattributes": ATTRIBUTES}
    repository, place = Repository(tmp_path / "git"), tmp_path / "site"
    repository.begin(files)
    repository.pull(place)
    assert {each.name: each.read_text() for each in (place / "current").iterdir()} == files


def test_no_two_runs_pull_at_a_time(tmp_path: Path) -> None:
    """They would write one archive, and a gate would get files of two commits."""
    repository, place = Repository(tmp_path / "git"), tmp_path / "site"
    repository.begin({"policy.yaml": policy()})
    repository.pull(place)
    first = (place / "current").readlink()
    repository.write(BLOCKS)
    repository.commit("Block")
    with (place / "lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(subprocess.CalledProcessError):
            repository.pull(place)
        assert (place / "current").readlink() == first
    repository.pull(place)
    assert (place / "current").readlink() != first


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_proposed_rule_is_planned_merged_started_once_and_taken_back_once(
    repository: Repository, site: Site, issuer: Issuer, client: aiohttp.ClientSession
) -> None:
    lin = Phone(issuer, "lin", ("tiktok",))

    async def lin_gets(wanted: str) -> None:
        """Ask at both gates, which decide by what they have taken within a look at the store."""
        async with asyncio.timeout(PATIENCE):
            for gate in site.gates:
                while await gets(client, "http://{}:{}".format(*gate.public), lin) != wanted:
                    await asyncio.sleep(0.05)

    await lin_gets("mail")

    # The first gate pulls each of some harmless commits, the second none yet.
    commits = []
    for number in (2, 3):
        repository.write(laptops(number))
        commits.append(repository.commit(f"Name laptops {number}"))
        repository.pull(site.places[0])
        await site.comes(0, number)
        await site.comes(1, number, "they hold version 1, and newer files have started this one")

    # A rule is proposed. The comment says how many it keeps out, and not who.
    repository.write(laptops(3), BLOCKS)
    repository.git("switch", "--quiet", "--create", "draft")
    repository.commit("Keep the app out", "draft")
    for job in ("github.yml", "gitlab.yml"):
        code, comment = await asyncio.to_thread(repository.proposed, "draft", job, site.gates[0])
        assert code == 0, comment
        assert "| lose mail now | 1 | 1 |" in comment
        assert "Within the guard: gates start it by themselves once it is merged." in comment
        assert "NOT CHECKED the environment variable MAILGATE_STORE" in comment
        assert "No &lt;b&gt;TikTok&lt;/b&gt; | @everyone" in comment.partition("<pre>")[2]
        assert "lin" not in comment.replace("line", "")
    assert [number for number, _ in site.history()] == [1, 2, 3]

    # Merged, it comes in force by the gate that pulls it. The other decides by it too.
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "draft")
    commits.append(repository.push())
    repository.pull(site.places[0])
    await site.comes(0, 4)
    await site.comes(1, 4, "they hold version 1")
    await lin_gets("refusal")

    # The other gate gets each commit late. Nothing happens by that, and nobody is asked to take anything back.
    for held, commit in zip(("they hold version 2", "they hold version 3", ""), commits, strict=True):
        repository.push("late", commit)
        repository.pull(site.places[1], "late")
        await site.comes(1, 4, held)
        assert "retract" not in site.readyz(1)["held"]
    assert [number for number, _ in site.history()] == [1, 2, 3, 4]
    assert site.mails() == []

    # It is reverted, and lin is told so once, however late the other gate hears of it.
    repository.git("revert", "--no-edit", "--mainline", "1", "HEAD")
    reverted = repository.push()
    repository.pull(site.places[0])
    await site.comes(0, 3)
    await site.comes(1, 3, "they hold version 4, and newer files have started this one")
    await lin_gets("mail")
    await asyncio.to_thread(wait_for, site.mails)
    repository.push("late", reverted)
    repository.pull(site.places[1], "late")
    await site.comes(1, 3)
    assert site.history()[-1] == (3, "the files went back to version 3")
    assert len(site.history()) == 5
    assert [to for to, _ in site.mails()] == ["lin@example.com"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_the_comment_says_what_stands_against_a_proposed_change(
    repository: Repository, site: Site, issuer: Issuer, client: aiohttp.ClientSession
) -> None:
    for name in ("lin", "joe"):
        phone = Phone(issuer, name, ("tiktok",))
        assert await gets(client, "http://{}:{}".format(*site.gates[0].public), phone) == "mail"
    assert await asyncio.to_thread(wait_for, lambda: site.gates[0].has_written(2))
    repository.write({"id": "mistaken", "when": "client.kin", "effect": "block"})
    repository.commit("Write what no gate can read", "mistaken")
    code, comment = await asyncio.to_thread(repository.proposed, "mistaken", "github.yml", site.gates[0])
    assert (code, comment.splitlines()[0]) == (1, "### `mailgate check` finds mistakes")
    assert "policy.yaml:" in comment

    repository.write(BLOCKS)
    repository.commit("Keep two people out, where the guard lets one", "many")
    code, comment = await asyncio.to_thread(repository.proposed, "many", "github.yml", site.gates[0])
    assert (code, "**Beyond the guard.**" in comment, "| lose mail now | 2 | 2 |" in comment) == (
        0,
        True,
        True,
    )

    site.gates[0].stop()
    code, comment = await asyncio.to_thread(repository.proposed, "many", "gitlab.yml", site.gates[0])
    assert (code, comment.splitlines()[0]) == (1, "### No plan could be made")
    assert "cannot be reached" in comment
