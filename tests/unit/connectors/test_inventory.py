import pytest
from tests.exchanges import MARKER
from tests.unit.connectors.around import CATALOG

from mailgate.connectors.inventory import Installed, kind_of, listed_apps, system_of
from mailgate.model import Kind


def test_what_is_not_listed_is_dropped():
    installed = [
        Installed("com.example.diary", MARKER),
        Installed("com.zhiliaoapp.musically", "anything"),
        Installed("", "moomoo", ""),
    ]
    assert listed_apps(CATALOG, "ios", installed) == {"tiktok", "moomoo"}


@pytest.mark.parametrize(
    ("words", "os"),
    [
        (["iOS"], "ios"),
        (["iPadOS"], "ipados"),
        (["iPad Air 11-inch", "iOS"], "ipados"),
        (["iPhone 15"], "ios"),
        (["androidDedicatedAndFullyManaged"], "android"),
        (["androidWorkProfile"], "android"),
        (["androidDeviceAdministrator"], "android"),
        (["androidOSP"], "android"),
        (["windowsMobile"], "windows"),
        (["windowsHolographic"], "windows"),
        (["chromeOS"], "chromeos"),
        (["unknown"], ""),
        (["unknownFutureValue"], ""),
        (["Windows"], "windows"),
        (["macOS"], "macos"),
        (["tvOS"], ""),
        (["visionOS"], ""),
        (["", "Android 15"], "android"),
    ],
)
def test_systems(words, os):
    assert system_of(*words) == os


@pytest.mark.parametrize(
    ("os", "model", "kind"),
    [
        ("ios", "iPhone 15", Kind.PHONE),
        ("ios", "", Kind.PHONE),
        ("ios", "iPod touch", Kind.OTHER),
        ("ipados", "", Kind.TABLET),
        ("android", "SM-G991B", Kind.PHONE),
        ("android", "Galaxy Tablet", Kind.TABLET),
        ("windows", "Surface", Kind.LAPTOP),
        ("", "what", None),
    ],
)
def test_kinds(os, model, kind):
    assert kind_of(os, model) is kind
