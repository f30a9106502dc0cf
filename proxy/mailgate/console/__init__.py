"""The console: what the gate does and how its rules change, as pages and as a JSON API at the admin port.

It shows and calls what the command line shows and calls; it decides nothing of its own.
"""

from mailgate.console.context import ConsoleContext
from mailgate.console.site import console_app, with_console

__all__ = ["ConsoleContext", "console_app", "with_console"]
