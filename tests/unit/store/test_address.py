"""Addresses of the store."""

from pathlib import Path

import pytest

from mailgate.store import StoreError
from mailgate.store.address import create_file, shown, store_url


@pytest.mark.parametrize(
    ("text", "driver", "database"),
    [
        ("sqlite:///var/mailgate.db", "sqlite+pysqlite", "{cwd}/var/mailgate.db"),
        ("sqlite:////srv/mailgate.db", "sqlite+pysqlite", "/srv/mailgate.db"),
        ("postgresql://u:p@db.example.com:5433/mail?sslmode=require", "postgresql+psycopg", "mail"),
        ("postgresql:///mail", "postgresql+psycopg", "mail"),
        ("postgres://db.example.com/mail", "postgresql+psycopg", "mail"),
        ("postgresql+asyncpg://db.example.com/mail", "postgresql+psycopg", "mail"),
    ],
)
def test_addresses_of_a_store_are_read(
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
        "mysql://u@db.example.com/mail?password=hidden",
        "postgresql://u:hidden@db.example.com:port/mail",
        "postgresql://u:x@hidden@db.example.com/mail",
        "postgresql://u:x@y/hidden@db.example.com/mail",
        "postgresql://u:x@hidden:5432/y@db.example.com/mail",
    ],
)
def test_other_forms_are_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(StoreError, match=r"expected sqlite:///PATH or postgresql://") as error:
        store_url(text)
    assert "hidden" not in str(error.value)


def test_a_store_is_named_without_its_password_wherever_that_stands() -> None:
    url = store_url(
        "postgresql://u:hidden@db.example.com:5433/mail?password=hidden&sslpassword=hidden&host=/run/pg"
    )
    assert shown(url) == "postgresql://u:***@db.example.com:5433/mail?host=%2Frun%2Fpg"
    assert shown(store_url("sqlite:////srv/mail.db")) == "/srv/mail.db"
    with pytest.raises(StoreError, match=r"^sqlite:// is no store"):
        store_url("sqlite://")


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/mailgate\.db cannot be made: (Not a directory|File exists)"):
        create_file(store_url(f"sqlite:///{tmp_path}/file/mailgate.db"))
