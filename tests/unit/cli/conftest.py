import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import SETTINGS
from typer.main import get_command


@pytest.fixture(scope="session", autouse=True)
def built_once() -> Iterator[None]:
    """The command line is made of some hundred functions: as a process does, tests make it once, not for each command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture(autouse=True)
def made_stores(tmp_path, new_store):
    """What a gate has made before commands are run, wherever the tests have their settings."""
    for folder in ("", "var", "config", "config/var"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "mailgate.db").write_bytes(new_store)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a gate, in the folder where commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\n")
    (tmp_path / "policy.yaml").write_text("rules: [{id: all, when: 'true', effect: block}]\n")
    (tmp_path / "mailgate.yaml").write_text(SETTINGS)
    return tmp_path / "mailgate.yaml"


@pytest.fixture
def heeded() -> Iterator[None]:
    """Signals as a shell leaves them to a command, also where the tests themselves run under nohup."""
    before = {each: signal.signal(each, signal.SIG_DFL) for each in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)
