"""The only wiring: it makes a running gate from the files."""

from mailgate.app.parts import utc_now
from mailgate.app.serve import serve
from mailgate.app.service import Service

__all__ = ["Service", "serve", "utc_now"]
