"""The digest of a version's texts. It is worked out anew wherever they come in force, never taken from where it is
written."""

import json
from collections.abc import Mapping
from hashlib import sha256


def digest_of_texts(texts: Mapping[str, str]) -> str:
    """The SHA-256 of all texts with their names. A comment counts too."""
    return sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()
