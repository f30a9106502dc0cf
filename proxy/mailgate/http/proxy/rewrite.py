"""Hides the webmail's own address if it would lead the client around the gate."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

COOKIE_DOMAIN = re.compile(rb"(;[ \t]*[Dd][Oo][Mm][Aa][Ii][Nn][ \t]*=[ \t]*\.?)([^;]*)")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Rewrites the webmail's origin to the public one in Location and in cookie domains, and nowhere else."""

    public_origin: bytes
    inner_origins: tuple[bytes, ...]
    public_host: bytes
    inner_host: bytes

    @classmethod
    def between(cls, public_url: str, upstream: str) -> "Rewrite":
        public, inner = urlsplit(public_url), urlsplit(upstream)
        origins = [f"{inner.scheme}://{place}" for place in _spellings(inner)]
        origins += [f"//{place}" for place in _spellings(inner)]
        if public.scheme == "https":
            # a webmail that does not read X-Forwarded-Proto redirects people to http
            origins.append(f"http://{public.netloc}")
        return cls(
            f"{public.scheme}://{public.netloc}".encode(),
            tuple(origin.encode() for origin in origins),
            (public.hostname or "").encode(),
            (inner.hostname or "").encode(),
        )

    def concerns(self, line: bytes) -> bool:
        """Whether anything in a field line may be rewritten: only what names one of the two hosts is."""
        line = line.lower()
        return self.inner_host in line or self.public_host in line

    def field(self, name: bytes, value: bytes) -> bytes:
        """The value that the client gets for the field with this lower-case name."""
        if name in (b"location", b"content-location", b"x-ms-location"):  # the last: [MS-ASHTTP] 2.2.2.1.1
            return self._location(value)
        if name == b"set-cookie" and self.inner_host != self.public_host:
            return self._cookie(value)
        return value

    def _location(self, value: bytes) -> bytes:
        lowered = value.lower()
        for origin in self.inner_origins:
            rest = value[len(origin) :]
            if lowered.startswith(origin.lower()) and rest[:1] in (b"", b"/", b"?", b"#"):
                return self.public_origin + rest
        return value

    def _cookie(self, value: bytes) -> bytes:
        """A cookie without a Domain that names the webmail's own host, since the browser would drop such a cookie."""
        match = COOKIE_DOMAIN.search(value)
        if match and match[2].strip(b" \t").lower() == self.inner_host.lower():
            return value[: match.start()] + value[match.end() :]
        return value


def _spellings(url: SplitResult) -> set[str]:
    """The host and port of a URL, also without the port if it is the scheme's default."""
    default = {"http": 80, "https": 443}[url.scheme]
    host = url.netloc.removesuffix(f":{url.port}") if url.port else url.netloc
    return {host, f"{host}:{default}"} if (url.port or default) == default else {url.netloc}
