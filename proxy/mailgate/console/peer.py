"""The origin of a request to the console, from the connection or from the console's own trusted proxies, the cookies that only its
own host can have set, and the person whom such a proxy has logged in."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web

from mailgate.config import Settings
from mailgate.config.console import ProxyLogin
from mailgate.http.cookies import sent_name, values_named
from mailgate.http.grammar import values
from mailgate.http.trusted_headers import Origin, origin_of, within
from mailgate.model.phrase import phrase


def origin_of_request(request: web.Request, settings: Settings) -> Origin:
    """Address, scheme and host: of the connection, or as a proxy of ``console.trusted_proxies`` forwards them."""
    return origin_of(
        request.raw_headers,
        peer=request.remote or "",
        secure=request.secure,
        host=request.host.encode("utf-8", "replace"),
        trusted=settings.console.trusted_proxies,
    )


def host_of(request: web.Request, settings: Settings) -> str:
    """The host and port that the browser connects to."""
    return origin_of_request(request, settings).host.decode("latin-1").lower()


def over_tls(request: web.Request, settings: Settings) -> bool:
    """Whether the browser uses https, so that its cookies may be limited to it.

    Without a configured proxy this depends on the host name of the console, at which browsers use https.
    """
    if origin_of_request(request, settings).scheme == "https":
        return True
    url = settings.console.url or ""
    return url.startswith("https:") and host_of(request, settings) == urlsplit(url).netloc


def cookie_of(request: web.Request, name: str, settings: Settings) -> str:
    """The value of a cookie of the console; empty if there is none. Of several nobody knows which the console has set, so none counts."""
    fields = "; ".join(request.headers.getall("Cookie", ()))
    found = values_named(fields, name, secure=over_tls(request, settings))
    return found[0] if len(found) == 1 else ""


def set_cookie(
    request: web.Request,
    response: web.StreamResponse,
    name: str,
    value: str,
    settings: Settings,
    *,
    lasts: timedelta,
    path: str = "/console",
    to_links: bool = False,
) -> str:
    """Set a cookie of the console, which scripts cannot read, and return the name under which a browser has it. ``to_links``
    says that it comes along when a link or redirect of another site leads here.

    Over https the name allows no ``path`` (RFC 6265bis, section 4.1.3.2); the gate keeps the cookie from a webmail at this host.
    """
    secure = over_tls(request, settings)
    sent = sent_name(name, secure=secure)
    response.set_cookie(
        sent,
        value,
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="Lax" if to_links else "Strict",
        secure=secure,
        path="/" if secure else path,
    )
    return sent


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
