"""Settings of Google Cloud Pub/Sub pushing messages."""

import json
from pathlib import Path
from typing import Annotated, Self

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from mailgate.config.addresses import ServiceUrl
from mailgate.config.references import ExistingFile, HeaderKey
from mailgate.config.sources.every_source import MiB, PostAccess
from mailgate.config.sources.google_directory import Mail
from mailgate.config.values import Size
from mailgate.policy.apps import Strict

Audience = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=500)]


def _keys(path: Path) -> Path:
    try:
        KeySet.import_key_set(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError, JoseError) as error:
        raise PydanticCustomError("file", "the file is no JWKS; expected Google's public keys") from error
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
    """Instead of a token: the key that a proxy in between sends, as ``Authorization: Bearer KEY`` or ``X-API-Key:
    KEY``."""
    post_bytes: Size = Field(default=16 * MiB, ge=1024)
    """The largest message that is accepted."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        token = (self.audience, self.email)
        if all(token) == bool(self.api_key) or (any(token) and self.api_key):
            raise PydanticCustomError(
                "proof",
                "a message needs exactly one way to prove its origin; expected either `audience` and `email`, or "
                "`api_key`",
            )
        return self

    def posting(self) -> PostAccess:
        return PostAccess(self.post_bytes, self.api_key)
