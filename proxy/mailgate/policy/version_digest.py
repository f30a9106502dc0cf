"""The digest of a version's texts. It is computed again whenever the version is put in force; a stored digest is not believed."""

import json
from collections.abc import Mapping
from hashlib import sha256


def digest_of_texts(texts: Mapping[str, str]) -> str:
    """The SHA-256 of all texts with their names, including comments."""
    return sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()
