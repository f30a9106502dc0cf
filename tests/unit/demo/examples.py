"""The settings of a demo, and a phone of its company."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailgate.attest.mint import JWKS_FILE, key_files
from mailgate.demo.company.devices import INTUNE, IPHONE, CompanyDevice, DeviceProblem, Employee
from mailgate.demo.settings import write_settings

NOW = datetime(2026, 12, 16, 15, 30, tzinfo=UTC)
"""A Wednesday."""
RULES = Path(__file__).parents[3] / "config"
KEY_FILES = key_files(bytes(32), bytes(range(32)))


def written_settings(folder: Path, keys: Path, **more: str) -> Path:
    """The settings of a demo in this folder. The keys of its test issuer are in ``keys``."""
    (keys / JWKS_FILE).write_text(KEY_FILES[JWKS_FILE])
    return write_settings(
        folder,
        port=8123,
        admin_port=8124,
        upstream="http://127.0.0.1:9",
        rules=RULES,
        jwks=keys / JWKS_FILE,
        **more,
    )


def managed_phone(*, proves: bool) -> CompanyDevice:
    """A phone that has been managed for a month and reported an hour ago."""
    joined, looked = NOW - timedelta(days=30), NOW - timedelta(hours=1)
    person = Employee("red.map@example.com", 0)
    return CompanyDevice(5, person, IPHONE, "18.6.2", INTUNE, proves, DeviceProblem.NOTHING, joined, looked)
