"""What binds the texts of a version: worked out anew wherever they come in force, never taken from where it is written."""

import json
from collections.abc import Mapping
from hashlib import sha256


def digest_of_texts(texts: Mapping[str, str]) -> str:
    """SHA-256 of all texts with their names: a comment counts too."""
    return sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()
