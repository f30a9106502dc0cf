"""The person whom a proxy has logged in. The proxy is believed only from its own addresses and only if the header comes
once."""

from collections.abc import Sequence

from mailgate.config.console import ProxyLogin
from mailgate.gateway.http1.grammar import values
from mailgate.gateway.http1.trusted_headers import within
from mailgate.model.phrase import phrase

MAX_NAME = 200


class NotBelievedError(Exception):
    """The header is present but is not believed. ``why`` is one word for the log, and the text is for the page."""

    def __init__(self, why: str, words: str) -> None:
        super().__init__(words)
        self.why, self.words = why, words


def name_from_proxy(fields: Sequence[tuple[bytes, bytes]], peer: str, way: ProxyLogin | None) -> str | None:
    """The name in the header; None if there is no header. Raises NotBelievedError.

    :param fields: the header fields as they came.
    :param peer: the address of the connection, not one that a field names.
    """
    if way is None:
        return None
    said = values(fields, way.header.lower().encode())
    if not said:
        return None
    if not within(peer, way.from_proxies):
        raise NotBelievedError(
            "elsewhere",
            phrase(
                "%(header)s is believed only from the proxy, and this request comes from elsewhere. Come in through "
                "the proxy.",
                header=way.header,
            ),
        )
    if len(said) > 1:
        raise NotBelievedError(
            "twice",
            phrase("%(header)s is in the request more than once, so it names nobody.", header=way.header),
        )
    return _name(said[0], way.header)


def _name(value: bytes, header: str) -> str:
    try:
        name = value.decode().strip()
    except UnicodeDecodeError:
        name = ""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise NotBelievedError("no-name", phrase("%(header)s holds no name.", header=header))
    return name
