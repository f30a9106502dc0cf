"""Reads the files that people write: strict YAML becomes settings and a compiled policy, or a list of all mistakes."""

from mailgate.config.bundle import Bundle, load_bundle, load_candidate, load_settings
from mailgate.config.rules import Rules, compile_rules
from mailgate.config.settings import Settings
from mailgate.config.values import Address, SocketFile

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
