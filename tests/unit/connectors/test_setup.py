from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.exchanges import Exchanges
from tests.unit.connectors.around import NOW, settings_of, setup

from mailgate.config.sources.apis import JamfSettings
from mailgate.connectors.inventory import Installed
from mailgate.connectors.setup import https_wire
from mailgate.model import AppsReport
from mailgate.wire import HttpsWire

TIKTOK = frozenset({"tiktok"})


@pytest.fixture
def handed():
    return setup(Exchanges("jamf", "https://example.jamfcloud.com"))


@pytest.mark.parametrize(
    ("at", "report"),
    [
        (NOW + timedelta(minutes=5), AppsReport(TIKTOK, True, NOW)),
        (NOW + timedelta(days=1), AppsReport(TIKTOK, True, NOW, timedelta(days=1))),
        (NOW + timedelta(days=1, seconds=1), AppsReport(TIKTOK, False, NOW)),
        (None, None),
    ],
    ids=[
        "no newer than now",
        "as much older as its clock is ahead",
        "makes nothing clean from further ahead than clocks go",
        "none without a time",
    ],
)
def test_a_report_has_the_time_of_its_look(handed, at, report):
    present = handed.listed("ios", [Installed("com.zhiliaoapp.musically")])
    assert handed.report(present, complete=True, at=at) == report


def test_a_report_says_how_much_older_its_list_may_be(handed):
    lagging = replace(handed, lag=timedelta(days=7))
    assert lagging.report(TIKTOK, complete=True, at=NOW).lag == timedelta(days=7)
    first = datetime(1, 1, 1, 1, tzinfo=UTC)
    assert lagging.report(TIKTOK, complete=True, at=first).lag == timedelta(hours=1), (
        "no time is before all times"
    )


def test_an_unreadable_device_is_counted(handed):
    handed.unreadable()
    assert handed.tools.tally.unreadable == 1


def test_the_wire_is_https():
    values = {"type": "jamf", "base_url": "https://example.jamfcloud.com", "client_id": "gate"}
    settings = settings_of(JamfSettings, values, client_secret="s")
    assert isinstance(https_wire(settings), HttpsWire)
