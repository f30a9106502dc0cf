import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import SETTINGS
from typer.main import get_command
from typer.testing import CliRunner

from mailgate.cli import app
from mailgate.cli.exit_codes import UsageError
from mailgate.cli.options import CONFIG_VARIABLE, MOMENT, checked, with_store
from mailgate.config import Bundle
from mailgate.errors import ConfigError
from mailgate.model import SourceState
from mailgate.model.device import PostureTerms
from mailgate.store import Store, StoreMissingError, StoreUnavailableError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T09:00-08:00", datetime(2026, 12, 1, 17, tzinfo=UTC)),
    ],
)
def test_a_moment_is_written_as_in_the_files(text: str, moment: datetime) -> None:
    assert checked("--until", MOMENT, text) == moment


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-01T09:00", "2026-13-01"])
def test_a_wrong_moment_ends_the_command(text: str) -> None:
    with pytest.raises(UsageError, match="--until: "):
        checked("--until", MOMENT, text)


def with_settings(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that is told where the settings are, with the option."""
    command = command or get_command(app)
    for name, each in getattr(command, "commands", {}).items():
        yield from with_settings(each, (*path, name))
    yield from ((" ".join(path), each) for each in command.params if each.name == "config")


def test_every_command_is_told_in_one_way_where_the_settings_are() -> None:
    found = dict(with_settings())
    assert len(found) > 40
    ways = {(*each.opts, each.envvar, str(each.default), each.help) for each in found.values()}
    assert [way[:3] for way in ways] == [("--config", CONFIG_VARIABLE, "config/mailgate.yaml")]


@pytest.mark.parametrize("command", ["run", "check", "devices list", "policy history", "admin list"])
def test_the_environment_names_them_and_the_option_wins(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CONFIG_VARIABLE, "elsewhere.yaml")
    assert "elsewhere.yaml:1:1: cannot be read" in call(*command.split()).output
    named = call(*command.split(), "--config", "named.yaml")
    assert "named.yaml:1:1: cannot be read" in named.output


@pytest.mark.parametrize("variable", [None, ""])
def test_without_settings_it_is_said_how_to_get_some(
    variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(CONFIG_VARIABLE, variable)
    result = call("run")
    assert result.exit_code == 2
    assert result.stderr.startswith("config/mailgate.yaml does not exist")
    assert "`mailgate init`" in result.stderr


def test_a_file_that_check_is_given_needs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "x.yaml:1:1: cannot be read" in call("check", "x.yaml").output


def test_the_shell_completes_commands() -> None:
    asked = {"_MAILGATE_COMPLETE": "complete_bash", "COMP_WORDS": "mailgate devi", "COMP_CWORD": "1"}
    result = CliRunner().invoke(app, [], prog_name="mailgate", env=asked)
    assert result.output.split() == ["devices"]


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Store]:
    """Stores that were closed."""
    stores: list[Store] = []
    close = Store.close

    async def noted(store: Store) -> None:
        stores.append(store)
        await close(store)

    monkeypatch.setattr(Store, "close", noted)
    return stores


def test_a_command_gets_the_open_store_and_its_files(config: Path, closed: list[Store]) -> None:
    async def command(store: Store, bundle: Bundle) -> tuple[int, str]:
        assert not closed
        return len(await store.sightings.latest()), bundle.policy.rules[0].id

    assert with_store(config, command) == (0, "all")
    assert len(closed) == 1


def test_a_command_knows_which_sources_are_away(config: Path) -> None:
    """So ``explain`` and ``devices show`` say what the gate does."""
    config.write_text(
        SETTINGS + "connectors: {hr: {type: file, path: hr.jsonl}}\nposture: {last_known_for: 3h}\n"
    )
    since = datetime(2026, 12, 1, tzinfo=UTC)

    async def failed(store: Store, _: Bundle) -> None:
        await store.connectors.note(SourceState("hr", failing_since=since))
        await store.connectors.note(SourceState("removed", failing_since=since))

    async def command(_: Store, bundle: Bundle) -> PostureTerms:
        return bundle.posture_terms

    with_store(config, failed)
    known = with_store(config, command)
    assert known.away == {"hr": since + timedelta(seconds=5)}
    assert (known.max_age, known.last_known_for) == (timedelta(hours=24), timedelta(hours=3))


@pytest.mark.parametrize(
    "error", [StoreUnavailableError("the store is away"), KeyError("x")], ids=["a lost store", "a mistake"]
)
def test_the_store_is_closed_whatever_ends_the_command(
    config: Path, closed: list[Store], error: Exception
) -> None:
    async def command(*_: object) -> None:
        raise error

    with pytest.raises(type(error)):
        with_store(config, command)
    assert len(closed) == 1


def test_files_that_cannot_be_used_are_said_and_open_no_store(config: Path) -> None:
    (config.parent / "mailgate.db").unlink()
    config.write_text(SETTINGS + "nonsense: 1\n")
    with pytest.raises(ConfigError, match=r"mailgate\.yaml:6:1"):
        with_store(config, lambda *_: pytest.fail("opened"))
    assert not (config.parent / "mailgate.db").exists()


def test_a_command_uses_the_store_beside_the_settings_wherever_it_is_run(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def command(store: Store, _: Bundle) -> int:
        return len(await store.sightings.latest())

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert with_store(Path("../mailgate.yaml"), command) == 0
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("there", ["nothing", "an empty file", "a database of somebody else"])
def test_a_command_never_makes_a_store(config: Path, there: str) -> None:
    path = config.parent / "mailgate.db"
    path.unlink()
    if there == "an empty file":
        path.write_bytes(b"")
    if there == "a database of somebody else":
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE others (id)")
    before = sorted(config.parent.iterdir())
    with pytest.raises(StoreMissingError) as ended:
        with_store(config, lambda *_: pytest.fail("opened"))
    assert str(ended.value) == f"there is no store at {path}, which {config} names; `mailgate run` makes it"
    assert (
        sorted(each for each in config.parent.iterdir() if not each.name.endswith(("-wal", "-shm"))) == before
    )
