"""Files that people write: strict YAML in, settings and a compiled policy out, or every mistake at once."""

from mailgate.config.addresses import Address, SocketFile
from mailgate.config.bundle import Bundle, load_bundle, load_candidate, load_settings
from mailgate.config.rules import Rules, compile_rules
from mailgate.config.settings import Settings

__all__ = [
    "Address",
    "Bundle",
    "Rules",
    "Settings",
    "SocketFile",
    "compile_rules",
    "load_bundle",
    "load_candidate",
    "load_settings",
]
