import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import SETTINGS
from typer.main import get_command


@pytest.fixture(scope="session", autouse=True)
def built_once() -> Iterator[None]:
    """Build the command line, which has some hundred functions, only once, as a process does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture(autouse=True)
def made_stores(tmp_path, new_store):
    """Make the store that a gate would have made before commands run, wherever the tests have their settings."""
    for folder in ("", "var", "config", "config/var"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "mailgate.db").write_bytes(new_store)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a gate, in the working folder of commands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apps.yaml").write_text("apps: {tiktok: {name: TikTok}}\n")
    (tmp_path / "policy.yaml").write_text("rules: [{id: all, when: 'true', effect: block}]\n")
    (tmp_path / "mailgate.yaml").write_text(SETTINGS)
    return tmp_path / "mailgate.yaml"


@pytest.fixture
def heeded() -> Iterator[None]:
    """Signal handling as a shell leaves it to a command, also if the tests run under nohup."""
    before = {each: signal.signal(each, signal.SIG_DFL) for each in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)
