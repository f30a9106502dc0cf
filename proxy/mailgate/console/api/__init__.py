"""The console as a JSON API for programs, described in OpenAPI 3.1.

``operations.py`` is the table of all operations; requests are read, answers are written and the description is made
from it. The API makes no decisions of its own.
"""

from mailgate.console.api.description import description
from mailgate.console.api.site import OPERATIONS, with_api

__all__ = ["OPERATIONS", "description", "with_api"]
