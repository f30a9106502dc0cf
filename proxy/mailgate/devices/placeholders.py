"""Placeholders: texts that makers, systems and inventories write in place of a name that they do not have.

Two devices with the same placeholder are two devices, so a placeholder is never stored as a name.
"""

import re

from mailgate.devices.names import EAS, SERIAL, UDID

PLACEHOLDERS = {
    "": "not told",
    "-": "a dash for nothing",
    "0": "zero for nothing",
    "1": "one for nothing",
    "n/a": "not available",
    "na": "not available",
    "nil": "nothing",
    "none": "nothing",
    "not applicable": "nothing",
    "not available": "nothing",
    "not specified": "firmware without a serial number (DMI)",
    "notspecified": "the same, without its space",
    "null": "nothing",
    "undefined": "nothing",
    "unknown": "Android's Build.UNKNOWN, which apps get that may not read the serial number",
    "unspecified": "firmware without a serial number (DMI)",
    "invalid": "firmware without a serial number (DMI)",
    "default string": "firmware without a serial number (DMI)",
    "defaultstring": "the same, without its space",
    "empty": "firmware without a serial number (DMI)",
    "oem": "firmware that its maker did not fill in (DMI)",
    "o.e.m.": "firmware that its maker did not fill in (DMI)",
    "serial": "firmware that its maker did not fill in (DMI)",
    "serialnumber": "firmware that its maker did not fill in (DMI)",
    "serial number": "firmware that its maker did not fill in (DMI)",
    "system serial number": "firmware that its maker did not fill in (DMI)",
    "systemserialnumber": "the same, without its spaces",
    "chassis serial number": "firmware that its maker did not fill in (DMI)",
    "to be filled by o.e.m.": "firmware that its maker did not fill in (DMI)",
    "tobefilledbyo.e.m.": "the same, without its spaces",
    "to be filled by oem": "firmware that its maker did not fill in (DMI)",
    "xxxxxxxxxxxx": "a form that was not filled in",
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
"""Placeholders in lower case, each with the reason why it names no device."""

MIN_LENGTHS = {SERIAL: 4, UDID: 8, EAS: 4}
"""The fewest characters of a name, by kind. A shorter name is too likely to occur twice."""

_ONE_CHARACTER = re.compile(r"(.)\1*", re.DOTALL)
_FILLING = re.compile(r"[\s:._{}-]+")


def placeholder_reason(kind: str, text: str) -> str:
    """Why this text names no device, in a few words; empty if it names one."""
    folded = text.strip().lower()
    if folded in PLACEHOLDERS:
        return PLACEHOLDERS[folded]
    bare = _FILLING.sub("", folded)
    if bare in PLACEHOLDERS:
        return PLACEHOLDERS[bare]
    if _ONE_CHARACTER.fullmatch(bare) or not bare:
        return "one character again and again"
    if len(bare) < MIN_LENGTHS.get(kind, 1):
        return "too short"
    return ""
