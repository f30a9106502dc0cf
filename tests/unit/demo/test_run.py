"""The demo, wired: which webmail the gate is put before, and what is shown of it."""

import asyncio
import errno
import os
import secrets
import signal
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.demo.examples import KEY_FILES, RULES

from mailgate.attest.mint import JWKS_FILE
from mailgate.config import load_bundle
from mailgate.demo import run
from mailgate.demo.company.fill import make_admins, mark_unfinished
from mailgate.demo.run import (
    Demo,
    locked_folder,
    require_ports,
    run_demo,
)
from mailgate.demo.tour import DemoAddresses
from mailgate.errors import ConfigError, MailgateError
from mailgate.store import StoreError
from mailgate.store.errors import DamagedStoreError


class Stage:
    """Takes the place of the gate and of the mailbox: notes the order of things."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.breaks: Exception | None = None

    async def serve(self, config, ready):
        self.seen.append(f"gate before {load_bundle(config).settings.upstream}")
        if self.breaks:
            raise self.breaks
        ready(SimpleNamespace(admin=SimpleNamespace(origin="http://127.0.0.1:8124")))

    async def exempt(self, _config, _now) -> None:
        self.seen.append("somebody is exempt")

    @asynccontextmanager
    async def start_page(self, _demo, _place, _standing):
        yield "http://localhost:8125/"

    @asynccontextmanager
    async def mailbox(self):
        self.seen.append("mailbox opens")
        try:
            yield "http://127.0.0.1:9"
        finally:
            self.seen.append("mailbox closes")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setattr(run, "serve", stage.serve)
    monkeypatch.setattr(run, "mailbox_address", stage.mailbox)
    monkeypatch.setattr(run, "exempt_persona", stage.exempt)
    monkeypatch.setattr(run, "_start_page", stage.start_page)
    monkeypatch.setattr(run, "require_ports", lambda _: None)
    return stage


@pytest.fixture
def demo(tmp_path: Path):
    """A demo before this webmail."""
    (tmp_path / JWKS_FILE).write_text(KEY_FILES[JWKS_FILE])

    def made(upstream: str = "", rules: Path | None = RULES) -> Demo:
        return Demo(tmp_path / "demo", rules, tmp_path, 8123, 8124, 8125, upstream, "mailgate")

    return made


@pytest.fixture
def companies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many people were made up, each time that a company was."""
    asked: list[int] = []

    async def filled(_config: Path, count: int, *_) -> None:
        asked.append(count)

    monkeypatch.setattr(run, "fill", filled)
    return asked


def run_unshown(demo: Demo) -> None:
    asyncio.run(run_demo(demo, lambda _: pytest.fail("shown")))


def test_the_mailbox_is_open_as_long_as_the_gate(stage: Stage, demo) -> None:
    shown: list[DemoAddresses] = []
    asyncio.run(run_demo(demo(), shown.append))
    assert stage.seen == [
        "mailbox opens",
        "somebody is exempt",
        "gate before http://127.0.0.1:9",
        "mailbox closes",
    ]
    policy = str(RULES / "policy.yaml")
    config = str(demo().directory / "mailgate.yaml")
    assert shown == [
        DemoAddresses(
            "http://localhost:8123/",
            "http://127.0.0.1:8124",
            "mailgate",
            policy,
            config=config,
            keys=str(demo().keys),
            start="http://localhost:8125/",
        )
    ]


def test_a_company_and_its_admins_are_made_before_the_gate_starts(
    stage: Stage, demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def filled(config: Path, count: int, _progress, write, *_) -> str:
        stage.seen.append(f"{count} people")
        make_admins(config.parent, secrets.token_bytes)
        write()
        return "a company"

    monkeypatch.setattr(run, "fill", filled)
    shown: list[DemoAddresses] = []
    asyncio.run(run_demo(replace(demo("https://mail.example.com"), people=7), shown.append))
    assert stage.seen == ["7 people", "somebody is exempt", "gate before https://mail.example.com"]
    assert shown[0].filled == "a company"
    assert set(load_bundle(Path(shown[0].config)).settings.admins) == {"ada", "grace"}


@pytest.mark.parametrize(("new", "made_up"), [(True, [run.DEFAULT_PEOPLE]), (False, [])])
def test_a_new_store_gets_a_made_up_company_by_default(
    stage: Stage, demo, companies, monkeypatch: pytest.MonkeyPatch, new: bool, made_up: list[int]
) -> None:
    async def is_new(_config: Path) -> bool:
        return new

    monkeypatch.setattr(run, "is_new", is_new)
    asyncio.run(run_demo(replace(demo(), people=None), lambda _: None))
    assert companies == made_up


@pytest.mark.parametrize(("people", "made_up"), [(None, [1500]), (7, [7]), (0, [])])
def test_a_company_that_was_ended_early_is_made_anew_and_that_is_said(
    stage: Stage, demo, companies: list[int], people: int | None, made_up: list[int]
) -> None:
    said: list[str] = []
    demo().directory.mkdir()
    with pytest.raises(KeyboardInterrupt), mark_unfinished(demo().directory, 1500, ""):
        raise KeyboardInterrupt
    asyncio.run(run_demo(replace(demo(), people=people), lambda _: None, say=said.append))
    assert companies == made_up
    assert said[0] == "The last start was ended before its company was finished: it is made up anew."


def test_the_time_that_a_company_takes_is_said_before_and_after(
    stage: Stage, demo, companies: list[int]
) -> None:
    said: list[str] = []
    asyncio.run(run_demo(replace(demo(), people=300), lambda _: None, say=said.append))
    assert said[0] == "Making up a company of 300 people: about 10 seconds, once ..."
    assert said[1].startswith("Made in ")


@pytest.mark.parametrize(("days", "ago"), [(0, ""), (1, "a day ago"), (9, "9 days ago")])
def test_a_company_of_another_day_says_that_its_reports_have_expired(
    stage: Stage, demo, days: int, ago: str
) -> None:
    said: list[str] = []
    demo().directory.mkdir()
    (demo().directory / run.COMPANY).write_text("{}")
    made = time.time() - days * 86_400 - 60
    os.utime(demo().directory / run.COMPANY, (made, made))
    asyncio.run(run_demo(demo(), lambda _: None, say=said.append))
    assert [ago in each and "delete" in each for each in said] == ([True] if ago else [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_of_the_making_says_what_happens_next(
    stage: Stage, demo, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    async def filled(config: Path, *_) -> None:
        with mark_unfinished(config.parent, 1500, ""):
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()

    monkeypatch.setattr(run, "fill", filled)
    with pytest.raises(MailgateError, match="the company was not finished, and the next start makes it anew"):
        run_unshown(replace(demo(), people=9))
    assert stage.seen == ["mailbox opens", "mailbox closes"]


def test_a_taken_port_is_found_before_anything_is_made(
    stage: Stage, demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(ports: dict[str, int]) -> None:
        assert ports == {"--port": 8123, "--admin-port": 8124, "--start-port": 8125}
        raise MailgateError

    monkeypatch.setattr(run, "require_ports", taken)
    with pytest.raises(MailgateError):
        run_unshown(replace(demo(), people=9))
    assert stage.seen == []
    assert not (demo().directory / "mailgate.yaml").exists()


def test_a_second_demo_in_the_same_folder_changes_nothing(stage: Stage, demo) -> None:
    with locked_folder(demo().directory), pytest.raises(MailgateError):
        run_unshown(demo("https://mail.example.com"))
    assert stage.seen == []
    assert not (demo().directory / "mailgate.yaml").exists()


def test_a_webmail_of_one_s_own_takes_the_place_of_the_mailbox(stage: Stage, demo) -> None:
    shown: list[DemoAddresses] = []
    asyncio.run(run_demo(demo("https://mail.example.com"), shown.append))
    assert stage.seen[-1] == "gate before https://mail.example.com"
    assert shown[0].upstream == "https://mail.example.com"


def test_a_gate_that_does_not_start_closes_the_mailbox_and_shows_nothing(stage: Stage, demo) -> None:
    stage.breaks = OSError("in use")
    with pytest.raises(OSError, match="in use"):
        run_unshown(demo())
    assert stage.seen[-1] == "mailbox closes"


def test_a_store_that_another_version_has_made_is_said_with_a_way_to_a_new_demo(stage: Stage, demo) -> None:
    stage.breaks = DamagedStoreError("it lacks table looks")
    with pytest.raises(StoreError, match=f"it lacks table looks; for a new demo delete {demo().directory}"):
        run_unshown(demo())
    with pytest.raises(DamagedStoreError):
        run_unshown(replace(demo(), store="sqlite:///elsewhere.db"))


def test_rules_that_cannot_be_used_are_said(stage: Stage, demo, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        run_unshown(demo(rules=tmp_path / "nowhere"))


USUAL = {"--port": 8080, "--admin-port": 8081, "--start-port": 8082}


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Ports that somebody else listens on."""
    taken: set[int] = set()

    class Socket:
        def __enter__(self) -> "Socket":
            return self

        def __exit__(self, *_: object) -> None: ...

        def setsockopt(self, *_: object) -> None: ...

        def listen(self) -> None: ...

        def bind(self, address: tuple[str, int]) -> None:
            if address[1] < 1024:
                raise PermissionError(errno.EACCES, "Permission denied")
            if address[1] in taken:
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    names = {name: getattr(socket, name) for name in ("SOL_SOCKET", "SO_REUSEADDR")}
    monkeypatch.setattr(run, "socket", SimpleNamespace(socket=Socket, **names))
    monkeypatch.delenv("MAKELEVEL", raising=False)
    return taken


def test_free_ports_are_taken_without_a_word(busy: set[int]) -> None:
    require_ports(USUAL)


def test_the_port_is_named_with_others_that_are_free(busy: set[int]) -> None:
    busy |= {8081, 8092}
    with pytest.raises(MailgateError) as refused:
        require_ports(USUAL)
    assert str(refused.value) == (
        "port 8081 (--admin-port) is in use by another program. Take others with --port 8100, which uses 8100 to 8102"
    )


def test_under_make_it_is_said_how_make_takes_it(busy: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKELEVEL", "1")
    busy.add(8080)
    with pytest.raises(MailgateError, match='Take others with make run ARGS="--port 8090", which uses'):
        require_ports(USUAL)


@pytest.mark.parametrize(
    ("port", "words"),
    [(65535, "port 65536 .* does not exist: the last one is 65535"), (80, "cannot be opened: Permission")],
)
def test_a_port_that_nobody_or_not_everybody_can_open_is_named(busy: set[int], port: int, words: str) -> None:
    with pytest.raises(MailgateError, match=words):
        require_ports({"--port": port, "--admin-port": port + 1, "--start-port": port + 2})


def test_a_second_demo_in_a_folder_is_refused_and_another_folder_is_free(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "demo"):
        with pytest.raises(MailgateError, match="--directory"), locked_folder(tmp_path / "demo"):
            pytest.fail("two demos in one folder")
        with locked_folder(tmp_path / "other"):
            pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked_folder(tmp_path):
            pass
