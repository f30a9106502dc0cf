"""The store that settings name."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from mailgate.app import open_store, spool_of
from mailgate.store import StoreMissingError


def settings(store: str, spool: Path | None = None) -> SimpleNamespace:
    return SimpleNamespace(store=SecretStr(store), spool=spool)


@pytest.mark.parametrize(
    ("store", "spool", "found"),
    [
        ("sqlite:////srv/mailgate.db", None, None),
        ("sqlite:////srv/mailgate.db", Path("/srv/spool"), Path("/srv/spool")),
        ("postgresql://h/db", None, Path("/etc/mailgate/var/spool")),
        ("postgresql://h/db", Path("/srv/spool"), Path("/srv/spool")),
    ],
)
def test_the_spool_is_where_the_settings_say_or_beside_them(store, spool, found):
    assert spool_of(Path("/etc/mailgate/mailgate.yaml"), settings(store, spool)) == found


async def test_a_store_is_made_only_on_demand(tmp_path):
    named, config = settings(f"sqlite:///{tmp_path}/new/mailgate.db"), tmp_path / "mailgate.yaml"
    with pytest.raises(StoreMissingError, match=r"there is no store at .*mailgate.yaml names"):
        await open_store(config, named)
    assert list(tmp_path.iterdir()) == []
    await (await open_store(config, named, make=True)).close()
    await (await open_store(config, named)).close()
