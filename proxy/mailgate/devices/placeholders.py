"""Placeholders: texts that makers, systems and inventories write in place of a name that they do not have.

Two devices with the same placeholder are two devices, so a placeholder is never stored as a name.
"""

import re

from mailgate.devices.names import EAS, SERIAL, UDID

PLACEHOLDERS = {
    "n/a": "not available",
    "na": "not available",
    "nil": "nothing",
    "none": "nothing",
    "notapplicable": "nothing",
    "notavailable": "nothing",
    "notspecified": "firmware without a serial number (DMI)",
    "null": "nothing",
    "undefined": "nothing",
    "unknown": "Android's Build.UNKNOWN, which apps get that may not read the serial number",
    "unspecified": "firmware without a serial number (DMI)",
    "invalid": "firmware without a serial number (DMI)",
    "defaultstring": "firmware without a serial number (DMI)",
    "empty": "firmware without a serial number (DMI)",
    "oem": "firmware that its maker did not fill in (DMI)",
    "serial": "firmware that its maker did not fill in (DMI)",
    "serialnumber": "firmware that its maker did not fill in (DMI)",
    "systemserialnumber": "firmware that its maker did not fill in (DMI)",
    "chassisserialnumber": "firmware that its maker did not fill in (DMI)",
    "tobefilledbyoem": "firmware that its maker did not fill in (DMI)",
    "validate": "what Android's mail app calls itself while an account is set up",
    "emulator": "an emulated phone",
    "android": "a name of a system, not of a device",
    "0123456789": "a test board's serial number",
    "0123456789abcdef": "the serial number of many test boards and cheap tablets",
    "1234567890": "a test board's serial number",
    "123456789": "a test board's serial number",
    "12345678": "a test board's serial number",
    "020000000000": "the one hardware address that Android and iOS give to every app",
    "03000200040005000006000700080009": "the UUID of mainboards that their maker did not fill in (DMI)",
    "9774d56d682e549c": "the one Android id that a fault of Android 2.2 gave to many phones",
}
"""Placeholders in lower case and without filling, each with the reason why it names no device."""

MIN_LENGTHS = {SERIAL: 4, UDID: 8, EAS: 4}
"""The fewest characters of a name, by kind. A shorter name is too likely to occur twice."""

_ONE_CHARACTER = re.compile(r"(.)\1*", re.DOTALL)
_FILLING = re.compile(r"[\s:._{}-]+")


def placeholder_reason(kind: str, text: str) -> str:
    """Why this text names no device, in a few words; empty if it names one."""
    bare = _FILLING.sub("", text.lower())
    if bare in PLACEHOLDERS:
        return PLACEHOLDERS[bare]
    if not bare:
        return "nothing but filling"
    if _ONE_CHARACTER.fullmatch(bare):
        return "one character again and again"
    if kind in MIN_LENGTHS and len(bare) < MIN_LENGTHS[kind]:
        return "too short"
    return ""
