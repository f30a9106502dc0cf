"""Addresses of the store."""

from pathlib import Path

import pytest

from mailgate.store import StoreError
from mailgate.store.database import create_file, store_url


@pytest.mark.parametrize(
    ("text", "driver", "database"),
    [
        ("sqlite:///var/mailgate.db", "sqlite+pysqlite", "{cwd}/var/mailgate.db"),
        ("sqlite:////srv/mailgate.db", "sqlite+pysqlite", "/srv/mailgate.db"),
        ("postgresql://u:p@db.example.com:5433/mail?sslmode=require", "postgresql+psycopg", "mail"),
        ("postgresql:///mail", "postgresql+psycopg", "mail"),
    ],
)
def test_forms(
    text: str, driver: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = store_url(text)
    assert (url.drivername, url.database) == (driver, database.format(cwd=tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "var/mailgate.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://var/mailgate.db",
        "mysql://u:hidden@db.example.com/mail",
        "postgresql+asyncpg://u:hidden@db.example.com/mail",
        "postgresql://u:hidden@db.example.com:port/mail",
    ],
)
def test_other_forms_are_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(StoreError, match=r"expected sqlite:///PATH or postgresql://") as error:
        store_url(text)
    assert "hidden" not in str(error.value)


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/mailgate\.db cannot be made: (Not a directory|File exists)"):
        create_file(store_url(f"sqlite:///{tmp_path}/file/mailgate.db"))
