from datetime import timedelta

from tests.exchanges import Exchanges
from tests.unit.connectors.around import NOW, settings_of, setup

from mailgate.config.sources import JamfSettings
from mailgate.connectors.inventory import Installed
from mailgate.connectors.setup import https_wire
from mailgate.connectors.wire import HttpsWire
from mailgate.model import AppsReport


def test_a_report_is_no_newer_than_now():
    handed = setup(Exchanges("jamf", "https://example.jamfcloud.com"))
    present = handed.listed("ios", [Installed("com.zhiliaoapp.musically")])
    assert handed.report(present, complete=True, at=NOW + timedelta(days=1)) == AppsReport(present, True, NOW)


def test_a_report_from_further_ahead_than_clocks_go_makes_nothing_clean():
    handed = setup(Exchanges("jamf", "https://example.jamfcloud.com"))
    later = NOW + timedelta(days=1, seconds=1)
    assert handed.report(frozenset({"tiktok"}), complete=True, at=later) == AppsReport(
        frozenset({"tiktok"}), False, NOW
    )


def test_a_report_without_a_time_is_none():
    handed = setup(Exchanges("jamf", "https://example.jamfcloud.com"))
    assert handed.report(frozenset({"tiktok"}), complete=True, at=None) is None


def test_what_has_no_name_is_counted():
    handed = setup(Exchanges("jamf", "https://example.jamfcloud.com"))
    handed.unreadable()
    assert handed.runtime.tally.unreadable == 1


def test_the_wire_is_https():
    values = {"type": "jamf", "base_url": "https://example.jamfcloud.com", "client_id": "gate"}
    settings = settings_of(JamfSettings, values, client_secret="s")
    assert isinstance(https_wire(settings), HttpsWire)
