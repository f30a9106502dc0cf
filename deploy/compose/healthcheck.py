"""Ends with 0 where the gate's admin listener says that it is alive. Needs only Python's own library."""

import os
import sys
import urllib.request

URL = os.environ.get("MAILGATE_HEALTH_URL", "http://127.0.0.1:8081/healthz")

try:
    with urllib.request.urlopen(URL, timeout=2) as answer:
        sys.exit(answer.status != 200)
except OSError as error:
    sys.exit(f"{URL}: {error}")
