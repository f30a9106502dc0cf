"""Settings of Google's sources: a service account of a Google Cloud project, the Android Management API and its pushed messages, and the directory of mobile devices."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from mailgate.config.references import ExistingFile, HeaderKey, Secret, where_it_is
from mailgate.config.sources.every_source import ApiSourceSettings, MiB, PostAccess
from mailgate.config.values import ServiceUrl, Size
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Identifier, Strict


def _service_account(found: SecretStr) -> SecretStr:
    try:
        account: Any = json.loads(found.get_secret_value())
        named = isinstance(account["client_email"], str) and "@" in account["client_email"]
        key = load_pem_private_key(account["private_key"].encode(), None)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        named, key = False, None
    if not named or not isinstance(key, RSAPrivateKey):
        expected = "use the JSON file that Google Cloud issues, with `client_email` and `private_key`"
        raise wrong_value("secret", f"its value is not the key of a service account; {expected}")
    return found


ServiceAccount = Annotated[Secret, where_it_is(_service_account)]
"""The key file of a service account, as Google Cloud gives it out."""


class GoogleAccount(ApiSourceSettings):
    """Settings of every source that is asked as a service account."""

    account: ServiceAccount
    login_url: ServiceUrl = "https://oauth2.googleapis.com"
    """The address of the token endpoint."""


Customer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", max_length=100)]
Mail = Annotated[str, StringConstraints(pattern=r"^\S+@\S+$", max_length=320)]


class CloudIdentitySettings(Strict):
    """The devices of the Cloud Identity API, of the same customer and on behalf of the same administrator."""

    base_url: ServiceUrl = "https://cloudidentity.googleapis.com"
    partner: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$", max_length=100)] | None = None
    """The partner whose client states are the verdict, by the end of their names. If left out, there is none."""


class GoogleDirectorySettings(GoogleAccount):
    """Mobile devices of Google Workspace, through the Admin SDK."""

    type: Literal["google-directory"]
    delegate: Mail
    """The administrator on whose behalf the service account acts."""
    customer: Customer = "my_customer"
    """The customer's id; by default the delegate's own."""
    base_url: ServiceUrl = "https://admin.googleapis.com"
    page_size: int = Field(default=100, ge=1, le=100)
    unmanaged_apps: bool = False
    """Whether application auditing is on, so that Android devices report all apps. If not, no device is clean."""
    cloud_identity: CloudIdentitySettings | None = None
    """The Cloud Identity API, which tells how a device is enrolled. A device of a person, or one with a work profile, is
    then never clean by its apps."""


Audience = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=500)]


def _keys(path: Path) -> Path:
    try:
        KeySet.import_key_set(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError, JoseError) as error:
        raise wrong_value("file", "the file is not a JWKS; use Google's public keys") from error
    return path


GoogleKeysFile = Annotated[ExistingFile, AfterValidator(_keys)]


class PushSettings(Strict):
    """A push subscription at ``/api/devices/NAME`` on the admin port: with Google's own token, or with a key."""

    audience: Audience | None = None
    """The audience that the subscription puts into its tokens."""
    email: Mail | None = None
    """The service account of the subscription."""
    keys_url: ServiceUrl = "https://www.googleapis.com"
    """The address of Google's keys, at ``/oauth2/v3/certs``."""
    keys: GoogleKeysFile | None = None
    """Google's keys as a file, if they are not to be fetched."""
    api_key: HeaderKey | None = None
    """Instead of a token: a key, sent as ``Authorization: Bearer KEY`` or ``X-API-Key: KEY`` by a proxy."""
    post_bytes: Size = Field(default=16 * MiB, ge=1024)
    """The largest message that is accepted."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        token = (self.audience, self.email)
        if all(token) == bool(self.api_key) or (any(token) and self.api_key):
            expected = "use either `audience` and `email`, or `api_key`"
            raise wrong_value("proof", f"a message needs exactly one way to prove its origin; {expected}")
        return self

    def posting(self) -> PostAccess:
        return PostAccess(self.post_bytes, self.api_key)


Enterprise = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+$", max_length=100)]


class AndroidManagementSettings(GoogleAccount):
    """Devices of one enterprise in the Android Management API."""

    type: Literal["android-management"]
    enterprise: Enterprise
    """The enterprise's id, like ``LC02de1hmx``: its resource name without ``enterprises/``."""
    enrollment_data_is_owner: bool = False
    """Whether the additional data of enrolment tokens is the login name of the device's owner."""
    reporter: Identifier | None = None
    """The package of the reporter (`docs/reporter.md`), which tells the management its key in a keyed app state: so its answers become those of
    this device."""
    push: PushSettings | None = None
    """A Pub/Sub subscription to the enterprise's notifications, pushed to ``/api/devices/NAME`` on the admin port."""
    base_url: ServiceUrl = "https://androidmanagement.googleapis.com"
    page_size: int = Field(default=100, ge=1, le=100)

    def posting(self) -> PostAccess | None:
        return self.push.posting() if self.push else None
