"""What a connection to PostgreSQL waits for, at most; that it does so is shown in tests/integration/store/test_hanging.py."""

from sqlalchemy.engine import make_url

from mailgate.store.database import connecting
from mailgate.store.postgresql import address_of, limits

NAMES = {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}


def test_every_wait_of_a_connection_has_an_end() -> None:
    found = limits(make_url("postgresql://db.example.com/mail"))
    assert found.keys() == NAMES
    assert all(value > 0 for value in found.values())


def test_limits_in_the_address_are_left_alone() -> None:
    url = make_url("postgresql://db.example.com/mail?connect_timeout=20&sslmode=require")
    assert limits(url).keys() == NAMES - {"connect_timeout"}


def test_text_is_utf_8_whatever_the_address_says() -> None:
    url = make_url("postgresql+psycopg://db.example.com/mail?client_encoding=latin1")
    assert connecting(url)["client_encoding"] == "utf8"
    assert make_url(address_of(url)).query["client_encoding"] == "utf8"
    assert connecting(url, quick=True)["client_encoding"] == "utf8"
