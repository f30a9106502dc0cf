"""The origin of a request to the console, from the connection or from the console's own trusted proxies."""

from urllib.parse import urlsplit

from aiohttp import web

from mailgate.config import Settings
from mailgate.gateway.http1.trusted_headers import Origin, origin_of


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
