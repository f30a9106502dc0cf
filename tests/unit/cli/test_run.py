"""``mailgate run``: what it starts, and what it says when it cannot."""

import gc
import shutil
from pathlib import Path

import pytest
import structlog
from tests.unit.cli.calls import call
from typer.testing import Result

from mailgate.cli import run
from mailgate.config import Bundle, Settings
from mailgate.config.files import ExposedFile
from mailgate.store import StoreUnavailableError

CONFIG = Path(__file__).parents[3] / "config" / "mailgate.yaml"


class Gate:
    """Takes the place of the gate itself: notes what it was started with, or breaks."""

    def __init__(self) -> None:
        self.started: list[tuple[Path, str]] = []
        self.breaks: Exception | None = None

    async def serve(self, config: Path, bundle: Bundle, **_: object) -> None:
        self.started.append((config, bundle.settings.public_url))
        if self.breaks:
            raise self.breaks


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(run, "serve", gate.serve)
    monkeypatch.setattr(run, "configure_logs", lambda level: structlog.reset_defaults())
    return gate


def start(config: Path = CONFIG) -> Result:
    return call("run", "--config", str(config))


def test_the_files_are_read_once_and_served(gate: Gate) -> None:
    assert start().exit_code == 0
    assert gate.started == [(CONFIG, "http://localhost:8080")]


def test_every_mistake_is_named_and_nothing_is_started(gate: Gate, tmp_path: Path) -> None:
    (tmp_path / "mailgate.yaml").write_text("listen: nowhere\nnonsense: 1\n")
    result = start(tmp_path / "mailgate.yaml")
    assert (result.exit_code, gate.started) == (2, [])
    for place in ("mailgate.yaml:1:9: ", "mailgate.yaml:2:1: "):
        assert place in result.stderr
    assert f"not started, {len(result.stderr.splitlines()) - 1} mistake(s)" in result.stderr


def test_nothing_is_started_with_a_secret_that_everybody_may_read(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ExposedFile(Path("store.url"), "read", secret=True)
    monkeypatch.setattr("mailgate.config.exposed_files", lambda *_: iter([opened]))
    result = start()
    assert (result.exit_code, gate.started) == (2, [])
    assert result.stderr.startswith("store.url:1:1: holds a secret")


def test_rules_that_everybody_may_change_are_named_in_the_log(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ExposedFile(Path("policy.yaml"), "change", secret=False)
    monkeypatch.setattr("mailgate.config.exposed_files", lambda *_: iter([opened]))
    monkeypatch.setattr(run, "configure_logs", lambda _: None)
    with structlog.testing.capture_logs() as logged:
        assert start().exit_code == 0
    assert {"event": "file-open-to-others", "file": "policy.yaml", "others_may": "change"}.items() <= logged[
        0
    ].items()


@pytest.mark.parametrize(
    "breaks", [OSError(98, "Address already in use"), StoreUnavailableError("the database does not answer")]
)
def test_a_start_that_fails_is_told_in_one_line(gate: Gate, breaks: Exception) -> None:
    gate.breaks = breaks
    result = start()
    assert (result.exit_code, result.stderr) == (1, f"mailgate: not started: {breaks}\n")


def test_a_mistake_of_ours_is_not_hidden(gate: Gate) -> None:
    gate.breaks = KeyError("x")
    assert isinstance(start().exception, KeyError)


def test_shared_objects_are_hidden_from_the_garbage_collector_of_workers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would write to every object that it looks at, so that each worker got a copy of its own."""
    looked_at: list[bool] = []

    def supervise(settings: Settings, *_: object) -> int:
        looked_at.append(any(each is settings for each in gc.get_objects()))
        return 0

    config = Path(shutil.copytree(CONFIG.parent, tmp_path / "gate")) / CONFIG.name
    config.write_text(f"{config.read_text()}\nworkers: 2\n")
    monkeypatch.setattr(run, "supervise", supervise)
    monkeypatch.setattr(gc, "set_threshold", lambda *_: None)
    assert start(config).exit_code == 0
    assert looked_at == [False]
