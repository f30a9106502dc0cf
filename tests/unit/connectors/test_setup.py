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


@pytest.mark.parametrize("ahead", [-1, 5, 30 * 60])
def test_a_report_has_the_time_that_its_source_told(handed, ahead):
    """Also one ahead, by which the same date is known when it is told again."""
    present, at = (
        handed.listed("ios", [Installed("com.zhiliaoapp.musically")]),
        NOW + timedelta(minutes=ahead),
    )
    assert handed.report(present, complete=True, at=at) == AppsReport(TIKTOK, True, at)


def test_there_is_no_report_without_a_time(handed):
    assert handed.report(TIKTOK, complete=True, at=None) is None


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
