import pytest
from pydantic import ValidationError
from tests.unit.connectors.around import service_account, settings_of

from mailgate.config.sources import AndroidManagementSettings

VALUES = {"type": "android-management", "enterprise": "LC0example"}


def test_android_management():
    settings = settings_of(AndroidManagementSettings, VALUES, account=service_account())
    assert settings.base_url == "https://androidmanagement.googleapis.com"
    assert not settings.enrollment_data_is_owner, "what a token carries is the company's own business"


@pytest.mark.parametrize("wrong", ["enterprises/LC0example", "", "LC0/.."])
def test_the_enterprise_is_its_id_alone(wrong):
    with pytest.raises(ValidationError):
        settings_of(AndroidManagementSettings, VALUES | {"enterprise": wrong}, account=service_account())
