"""The store of a configuration, open for the time of one command."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import SETTINGS

from mailgate.cli.open_store import with_store
from mailgate.config import Bundle
from mailgate.errors import ConfigError
from mailgate.model import SourceState
from mailgate.model.device import PostureTerms
from mailgate.store import Store, StoreMissingError, StoreUnavailableError


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


def test_files_that_cannot_be_used_are_said_and_open_no_store(
    config: Path,
) -> None:
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
