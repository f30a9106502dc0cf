"""Autodiscover answers lead to this gate: the server addresses in them become the public one.

A device that was told the webmail's own address would go around the gate.
"""

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mailgate.gateway.http1.body import LengthBody
from mailgate.gateway.http1.grammar import values
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.http1.response import ResponseHead

MAX_BODY = 256 * 1024
"""Bytes of an answer that is changed; a real one has a few thousand."""

_ENCODINGS = frozenset({b"accept-encoding", b"range", b"if-range", b"te"})
_OF_THE_OLD_BODY = frozenset(
    {
        b"content-length",
        b"transfer-encoding",
        b"content-md5",
        b"content-digest",
        b"repr-digest",
        b"digest",
        b"etag",
        b"trailer",
        b"accept-ranges",
    }
)
_TYPES = (b"text/xml", b"application/xml", b"application/json", b"text/json")
_CHARSET = re.compile(rb"charset\s*=\s*\"?([\w.:+-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:+-]+)[\"']")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SLASH = r"\\?/"  # JSON may escape it
_ADDRESS = re.compile(
    rf"(?P<origin>https?:{_SLASH}{_SLASH}[^/\\<>\"'\s?#&]+)(?P<path>(?:{_SLASH}[^/\\<>\"'\s?#&]*)*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AutodiscoverEditor:
    """Puts the public address in the place of the webmail's in one small answer."""

    public_origin: str
    inner_hosts: frozenset[str]
    """``host`` and ``host:port`` of the webmail, in lower case."""

    @classmethod
    def between(cls, public_url: str, upstream: str) -> "AutodiscoverEditor":
        inner = urlsplit(upstream)
        return cls(public_url.rstrip("/"), frozenset({inner.netloc.lower(), (inner.hostname or "").lower()}))

    def asked(self, head: RequestHead) -> RequestHead:
        """The request without what would make its answer one that cannot be read."""
        return replace(head, fields=[field for field in head.fields if field[0].lower() not in _ENCODINGS])

    def wants(self, asked: RequestHead, response: ResponseHead) -> bool:
        """Whether an answer names servers in a form that can be read."""
        if asked.method == b"HEAD" or response.status != 200:
            return False
        types = values(response.fields, b"content-type")
        readable = bool(types) and types[0].lower().startswith(_TYPES)
        return readable and not values(response.fields, b"content-encoding")

    def edited(self, response: ResponseHead, body: bytes) -> tuple[ResponseHead, bytes]:
        """The answer with its addresses changed; one whose text cannot be read stays as it is."""
        charset = _charset(response, body)
        with suppress(UnicodeError, LookupError):
            body = _ADDRESS.sub(self._address, body.decode(charset)).encode(charset)
        fields = [field for field in response.fields if field[0].lower() not in _OF_THE_OLD_BODY]
        fields.append((b"Content-Length", b"%d" % len(body)))
        return replace(response, fields=fields, body=LengthBody(len(body))), body

    def _address(self, found: re.Match[str]) -> str:
        """The webmail's own origin is never told, and ActiveSync is nowhere but here."""
        path = found["path"]
        host = found["origin"].replace("\\", "").partition("//")[2].lower()
        if host not in self.inner_hosts and "microsoft-server-activesync" not in path.lower():
            return found[0]
        slash = "\\/" if "\\/" in found["origin"] else "/"
        return self.public_origin.replace("/", slash) + path


def _charset(response: ResponseHead, body: bytes) -> str:
    """RFC 7303, section 3: a byte order mark, then the header, then the declaration, then UTF-8."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return charset
    told = _CHARSET.search(b";".join(values(response.fields, b"content-type"))) or _DECLARED.match(body)
    return told[1].decode("ascii") if told else "utf-8"
