"""Exit with 0 if the gate's admin listener answers that it is alive. Needs only Python's standard library."""

import os
import sys
from http.client import HTTPConnection, HTTPException

ADDRESS = os.environ.get("MAILGATE_ADMIN", "127.0.0.1:8081")

try:
    connection = HTTPConnection(ADDRESS, timeout=2)
    connection.request("GET", "/healthz")
    sys.exit(connection.getresponse().status != 200)
except (OSError, HTTPException) as error:
    sys.exit(f"http://{ADDRESS}/healthz: {error}")
