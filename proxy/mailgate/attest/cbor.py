"""Reads CBOR (RFC 8949), as much of it as App Attest writes: numbers, texts, bytes, lists and maps of a stated length."""

from typing import TypeAlias

Item: TypeAlias = "int | str | bytes | list[Item] | dict[int | str, Item]"

_MAX_DEPTH = 4


class CborError(ValueError):
    """The bytes are none of the CBOR that is read here. The message repeats none of them."""


def read_map(data: bytes) -> tuple[dict[int | str, Item], bytes]:
    """The map at the beginning, and the bytes behind it.

    :raises CborError: for anything else, and for a name that stands twice.
    """
    item, rest = _item(data, 0)
    if not isinstance(item, dict):
        raise CborError("expected a map")
    return item, rest


def _item(data: bytes, depth: int) -> tuple[Item, bytes]:
    if depth > _MAX_DEPTH:
        raise CborError("nested too deeply")
    major, number, rest = _head(data)
    if major == 0:
        return number, rest
    if major == 1:
        return -1 - number, rest
    if major in (2, 3):
        if len(rest) < number:
            raise CborError("cut off")
        value = rest[:number]
        return (value if major == 2 else value.decode("utf-8")), rest[number:]
    if major == 4:
        return _list(number, rest, depth + 1)
    if major == 5:
        return _map(number, rest, depth + 1)
    raise CborError("expected a number, a text, bytes, a list or a map")


def _head(data: bytes) -> tuple[int, int, bytes]:
    """The major type and the number of an item (RFC 8949, section 3), and the bytes behind them."""
    if not data:
        raise CborError("cut off")
    major, short = data[0] >> 5, data[0] & 0x1F
    if short < 24:
        return major, short, data[1:]
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short)
    if size is None or len(data) <= size:
        raise CborError("cut off, or without a length")
    return major, int.from_bytes(data[1 : 1 + size]), data[1 + size :]


def _list(length: int, rest: bytes, depth: int) -> tuple[Item, bytes]:
    items: list[Item] = []
    for _ in range(length):  # each takes a byte at least, so a made-up length ends with the bytes
        item, rest = _item(rest, depth)
        items.append(item)
    return items, rest


def _map(length: int, rest: bytes, depth: int) -> tuple[Item, bytes]:
    members: dict[int | str, Item] = {}
    for _ in range(length):
        name, rest = _item(rest, depth)
        if not isinstance(name, int | str) or name in members:
            raise CborError("expected each name once")
        members[name], rest = _item(rest, depth)
    return members, rest
