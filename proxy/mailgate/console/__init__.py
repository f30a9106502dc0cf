"""The console: what the gate does and how its rules change, as pages and as a JSON API at the admin port.

It has the same functions as the command line, and makes no decisions of its own.
"""

from mailgate.console.context import ConsoleContext
from mailgate.console.site import console_app, with_console

__all__ = ["ConsoleContext", "console_app", "with_console"]
