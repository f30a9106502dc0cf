"""The console as a JSON API: what its pages show and do, for programs, described in OpenAPI 3.1.

``operations.py`` is the table of everything that it can do; requests are read, answers written and the description is
made of that table. It decides nothing of its own.
"""

from mailgate.console.api.description import description
from mailgate.console.api.operations import OPERATIONS
from mailgate.console.api.site import with_api

__all__ = ["OPERATIONS", "description", "with_api"]
