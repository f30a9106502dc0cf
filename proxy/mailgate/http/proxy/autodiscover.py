"""Replaces the server addresses in Autodiscover answers by the gate's public address.

A device that learned the webmail's own address would go around the gate.
"""

import codecs
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mailgate.http.fields import Fields
from mailgate.http.grammar import values
from mailgate.http.request import RequestHead, ResponseHead

MAX_BODY = 256 * 1024
"""The longest answer that is changed, in bytes. A real one has a few thousand."""

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
_TYPES = re.compile(
    rb"text/|application/(?:[\w.-]+\+)?(?:xml|json)\b|application/octet-stream", re.IGNORECASE
)
"""The content types under which web servers send these documents.

A server without a type for ``.xml`` says octet-stream or text/plain, and a script that sets no type sends text/html.
"""
_GZIP = frozenset({b"gzip", b"x-gzip"})
_CHARSET = re.compile(rb"charset\s*=\s*\"?([\w.:+-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:+-]+)[\"']")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SLASH = r"\\?/"  # JSON may escape it
_ADDRESS = re.compile(
    rf"(?P<origin>https?:{_SLASH}{_SLASH}[^/\\<>\"'\s?#&]+)(?P<path>(?:{_SLASH}[^/\\<>\"'\s?#&]*)*)",
    re.IGNORECASE,
)

_EXPR = re.compile(
    r"(?P<before><Type>\s*EXPR\s*</Type>\s*<Server>\s*|<CertPrincipalName>\s*msstd:)(?P<host>[^<>\s]+)"
)
"""Matches the server of Outlook Anywhere (RPC over HTTP), which has no scheme ([MS-OXDSCLI] 2.2.4.1.1.2.6).

The servers of other protocols are not this gate: EXCH names a mailbox server, and IMAP, POP3 and SMTP name the mail server.
"""


@dataclass(frozen=True, slots=True)
class AutodiscoverEditor:
    """Replaces the webmail's address by the public one in one small answer."""

    public_origin: str
    inner_host: str
    """The name or address of the webmail in lower case. Every port of it leads around the gate."""

    @classmethod
    def between(cls, public_url: str, upstream: str) -> "AutodiscoverEditor":
        return cls(public_url.rstrip("/"), _host(urlsplit(upstream).netloc))

    def readable_request(self, head: RequestHead) -> RequestHead:
        """The request without fields that would make its answer unreadable here.

        A server may compress its answer unless the client says that it cannot read that (RFC 9110, section 12.5.3).
        """
        fields = [field for field in head.fields if field[0].lower() not in _ENCODINGS]
        return replace(head, fields=Fields([*fields, (b"Accept-Encoding", b"identity")]))

    def may_need_edit(self, asked: RequestHead, response: ResponseHead) -> bool:
        """Whether an answer may name servers in a form that can be read here."""
        if asked.method == b"HEAD" or response.status != 200:
            return False
        types = values(response.fields, b"content-type")
        encodings = values(response.fields, b"content-encoding")
        readable = not types or _TYPES.match(types[0]) is not None
        return readable and (not encodings or _is_gzip(encodings))

    def edited(self, response: ResponseHead, body: bytes) -> tuple[ResponseHead, bytes]:
        """The answer uncompressed and with its addresses changed. An answer that cannot be read stays as it is."""
        old = _OF_THE_OLD_BODY
        if (told := self.edited_text(response, body)) is not None:
            text, charset = told
            body = text.encode(charset)
            old |= {b"content-encoding"}
        fields = [field for field in response.fields if field[0].lower() not in old]
        fields.append((b"Content-Length", b"%d" % len(body)))
        return replace(response, fields=Fields(fields), length=len(body), chunked=False), body

    def edited_text(self, response: ResponseHead, body: bytes) -> tuple[str, str] | None:
        """The text of an answer with its addresses changed, and its charset; None if the answer cannot be read."""
        with suppress(UnicodeError, LookupError, zlib.error):
            plain = _unpacked(body) if _is_gzip(values(response.fields, b"content-encoding")) else body
            charset = _charset(response, plain)
            text = self._with_public_addresses(plain.decode(charset))
            text.encode(charset)
            return text, charset
        return None

    def _with_public_addresses(self, text: str) -> str:
        return _EXPR.sub(self._server, _ADDRESS.sub(self._address, text))

    def _address(self, found: re.Match[str]) -> str:
        """The address to write instead. The webmail's own origin is always replaced, and so is every address of ActiveSync."""
        path = found["path"]
        host = _host(found["origin"].replace("\\", "").partition("//")[2])
        if host != self.inner_host and "microsoft-server-activesync" not in path.lower():
            return found[0]
        slash = "\\/" if "\\/" in found["origin"] else "/"
        return self.public_origin.replace("/", slash) + path

    def _server(self, found: re.Match[str]) -> str:
        if _host(found["host"]) != self.inner_host:
            return found[0]
        return found["before"] + (urlsplit(self.public_origin).hostname or "")


def _host(netloc: str) -> str:
    """The name or address without the port, in lower case. Empty if there is none."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:  # such as a bracket that is not closed
        return ""


def _is_gzip(encodings: Sequence[bytes]) -> bool:
    """Whether the body is gzip. A server may compress although the client did not accept it, if it has the file in no
    other form."""
    return len(encodings) == 1 and encodings[0].strip().lower() in _GZIP


def _unpacked(body: bytes) -> bytes:
    """Unpack a body. Raises zlib.error unless it is one whole gzip of at most ``MAX_BODY`` bytes."""
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    plain = unpacking.decompress(body, MAX_BODY)
    if not unpacking.eof:
        raise zlib.error("cut, or too long")
    return plain


def _charset(response: ResponseHead, body: bytes) -> str:
    """The charset of a body: by a byte order mark, else the header, else the declaration, else UTF-8 (RFC 7303, section 3)."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return charset
    told = _CHARSET.search(b";".join(values(response.fields, b"content-type"))) or _DECLARED.match(body)
    return told[1].decode("ascii") if told else "utf-8"
