"""The demo, wired: which webmail the gate is put before, and what is shown of it."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailgate.attest.mint import JWKS_FILE, key_files
from mailgate.config import load_bundle
from mailgate.demo import run
from mailgate.demo.company.admins import make_admins
from mailgate.demo.lock import TakenError, alone_in
from mailgate.demo.run import Demo, run_demo
from mailgate.demo.tour import Place
from mailgate.errors import ConfigError

RULES = Path(__file__).parents[3] / "config"


class Stage:
    """Takes the place of the gate and of the mailbox: notes the order of things."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.breaks: Exception | None = None

    async def serve(self, config, ready):
        self.seen.append(f"gate before {load_bundle(config).settings.upstream}")
        if self.breaks:
            raise self.breaks
        ready(SimpleNamespace(admin="http://127.0.0.1:8081"))

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
    return stage


@pytest.fixture
def demo(tmp_path: Path):
    """A demo before this webmail."""
    (tmp_path / JWKS_FILE).write_text(key_files(bytes(32), bytes(range(32)))[JWKS_FILE])

    def made(upstream: str = "", rules: Path = RULES) -> Demo:
        return Demo(tmp_path / "demo", rules, tmp_path / JWKS_FILE, 8123, upstream, "mailgate")

    return made


def test_the_mailbox_is_open_as_long_as_the_gate(stage: Stage, demo) -> None:
    shown: list[Place] = []
    asyncio.run(run_demo(demo(), shown.append))
    assert stage.seen == ["mailbox opens", "gate before http://127.0.0.1:9", "mailbox closes"]
    policy = str(RULES / "policy.yaml")
    config = str(demo().directory / "mailgate.yaml")
    assert shown == [
        Place("http://localhost:8123/", "http://127.0.0.1:8081", "mailgate", policy, config=config)
    ]


def test_a_company_is_made_up_before_the_gate_starts_and_its_admins_are_in_the_settings(
    stage: Stage, demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def filled(config: Path, count: int, _progress) -> str:
        stage.seen.append(f"{count} people")
        make_admins(config.parent, secrets.token_bytes)
        return "a company"

    monkeypatch.setattr(run, "fill", filled)
    shown: list[Place] = []
    asyncio.run(run_demo(replace(demo("https://mail.example.com"), people=7), shown.append))
    assert stage.seen == ["7 people", "gate before https://mail.example.com"]
    assert shown[0].filled == "a company"
    assert set(load_bundle(Path(shown[0].config)).settings.admins) == {"ada", "grace"}


def test_a_second_demo_in_the_same_folder_changes_nothing(stage: Stage, demo) -> None:
    with alone_in(demo().directory), pytest.raises(TakenError):
        asyncio.run(run_demo(demo("https://mail.example.com"), lambda _: pytest.fail("shown")))
    assert stage.seen == []
    assert not (demo().directory / "mailgate.yaml").exists()


def test_a_webmail_of_one_s_own_takes_the_place_of_the_mailbox(stage: Stage, demo) -> None:
    shown: list[Place] = []
    asyncio.run(run_demo(demo("https://mail.example.com"), shown.append))
    assert stage.seen == ["gate before https://mail.example.com"]
    assert shown[0].upstream == "https://mail.example.com"


def test_a_gate_that_does_not_start_closes_the_mailbox_and_shows_nothing(stage: Stage, demo) -> None:
    stage.breaks = OSError("in use")
    with pytest.raises(OSError, match="in use"):
        asyncio.run(run_demo(demo(), lambda _: pytest.fail("shown")))
    assert stage.seen[-1] == "mailbox closes"


def test_rules_that_cannot_be_used_are_said(stage: Stage, demo, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        asyncio.run(run_demo(demo(rules=tmp_path / "nowhere"), lambda _: pytest.fail("shown")))
