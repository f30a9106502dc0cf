"""What a person is told of a device that has a listed app and has fallen silent. Its verdict names the app: ``device.lists`` has it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.devices.test_posture import APP, MAX_AGE, NOW, posture
from tests.unit.gateway.pages.own import PHONE

from mailgate.devices.device import Report
from mailgate.gateway.pages.devices import state_of


@pytest.mark.parametrize(
    "report", [APP, replace(APP, reported_at=NOW - MAX_AGE - timedelta(hours=1)), replace(APP, gone=True)]
)
def test_an_app_that_is_known_is_told_whatever_the_state(report: Report) -> None:
    known = posture(report)
    assert known.lists == ("prohibited",)
    said = state_of(replace(PHONE, state=known.state, apps=("TikTok",)))
    assert "%(apps)s" in said, (known.state, said)
