"""Settings that Google's sources share: a service account of a Google Cloud project."""

import json
from typing import Annotated, Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import Secret
from mailgate.config.sources.every_source import ApiSourceSettings


def _service_account(found: SecretStr) -> SecretStr:
    try:
        account: Any = json.loads(found.get_secret_value())
        named = isinstance(account["client_email"], str) and "@" in account["client_email"]
        key = load_pem_private_key(account["private_key"].encode(), None)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        named, key = False, None
    if not named or not isinstance(key, RSAPrivateKey):
        raise PydanticCustomError(
            "secret",
            "its value is not the key of a service account; expected the JSON file that Google Cloud issues, with "
            "`client_email` and `private_key`",
        )
    return found


ServiceAccount = Annotated[Secret, AfterValidator(_service_account)]
"""The key file of a service account, as Google Cloud gives it out."""


class GoogleAccount(ApiSourceSettings):
    """Settings of every source that is asked as a service account."""

    account: ServiceAccount
    login_url: ServiceUrl = "https://oauth2.googleapis.com"
    """The address of the token endpoint."""
