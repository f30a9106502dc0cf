"""Write the fields that a client could forge into the configurations in this folder: ``PYTHONPATH=proxy python
deploy/make_unforged.py``.

They come from the gate's table (``proxy/mailgate/http/forgeable.toml``): families by their beginning if a proxy
can match it, otherwise by every known name. The key with which nginx caches verdicts is written too
(``proxy/mailgate/gateway/authz/verdict_key.py``).
"""

from collections.abc import Callable
from pathlib import Path

from mailgate.gateway.authz.verdict_key import ALWAYS, FIELDS, PLAIN
from mailgate.http.forgeable import FAMILIES, KNOWN, NAMES, OWN

DEPLOY = Path(__file__).parent
PROOFS = {"device-attestation", "dpop"}
"""The gate has to see these; they are removed after its answer."""

_NEVER = {"content-length", "transfer-encoding", "http2-settings"}

_NAMES, _KNOWN = sorted(NAMES - PROOFS), sorted(KNOWN - PROOFS)
_KNOWN_OWN = [name for name in _KNOWN if name.startswith(OWN)]


def nginx() -> list[str]:
    """The lines for nginx, which cannot match beginnings, and removes a field that is set to nothing."""
    return [f'proxy_set_header {name} "";' for name in _KNOWN]


def nginx_answers() -> list[str]:
    return [f"proxy_hide_header {name};" for name in _KNOWN_OWN]


def nginx_plain() -> list[str]:
    return [f'"~*{PLAIN}" "";']


def nginx_words() -> list[str]:
    return [f'mailgate "{" ".join(sorted(ALWAYS))} $held_besides";']


def nginx_key() -> list[str]:
    """The key for nginx. The question never has a field of ``_NEVER``."""
    told = ("scheme", "http_host", "request_method", "ssl_client_fingerprint", "held_address", "held_target")
    own = ("own_cookies", "checked_user", "upgrading")
    sent = sorted(FIELDS - _NEVER - {"x-forwarded-user", "upgrade"})
    parts = (*told, *own, *(f"http_{name.replace('-', '_')}" for name in sent))
    key = r"\n".join(f"${each}" for each in parts)
    return [f'proxy_cache_key "{key}";']


def caddy() -> list[str]:
    return [f"request_header -{name}" for name in (*(f"{each}*" for each in sorted(FAMILIES)), *_NAMES)]


def haproxy() -> list[str]:
    return [
        *(f"http-request del-header {each} -m beg" for each in sorted(FAMILIES)),
        *(f"http-request del-header {name}" for name in _NAMES),
    ]


def envoy() -> list[str]:
    return [
        *(f'- remove_on_match: {{key_matcher: {{prefix: "{each}"}}}}' for each in sorted(FAMILIES)),
        *(f"- remove: {name}" for name in _NAMES),
    ]


def traefik() -> list[str]:
    """The lines for Traefik, which cannot match beginnings either, and removes a field that is set to nothing."""
    return [f'{name}: ""' for name in _KNOWN]


def traefik_answers() -> list[str]:
    return [f'{name}: ""' for name in _KNOWN_OWN]


BLOCKS: dict[str, list[tuple[str, Callable[[], list[str]]]]] = {
    "nginx/mailgate-unforged.conf": [("forgeable", nginx)],
    "nginx/forward-auth.conf": [
        ("plain targets", nginx_plain),
        ("words of the key", nginx_words),
        ("the gate's own", nginx_answers),
        ("key", nginx_key),
    ],
    "caddy/Caddyfile": [("forgeable", caddy)],
    "haproxy/haproxy.cfg": [("forgeable", haproxy)],
    "haproxy/two-gates.cfg": [("forgeable", haproxy)],
    "envoy/envoy.yaml": [("forgeable", envoy)],
    "traefik/dynamic.yaml": [("forgeable", traefik), ("the gate's own", traefik_answers)],
}
"""For each file, the names of its blocks, and the functions that make their lines."""


def with_blocks(text: str, blocks: list[tuple[str, Callable[[], list[str]]]]) -> str:
    """The text with these blocks as the table has them now, each indented like its first line."""
    for name, lines in blocks:
        before, start, rest = text.partition(f"# {name}, written by deploy/make_unforged.py\n")
        _, end, behind = rest.partition(f"# end of {name}\n")
        assert start, name
        assert end, name
        margin = before.rpartition("\n")[2]
        text = before + start + "".join(f"{margin}{line}\n" for line in lines()) + margin + end + behind
    return text


if __name__ == "__main__":
    for name, blocks in BLOCKS.items():
        path = DEPLOY / name
        path.write_text(with_blocks(path.read_text("utf-8"), blocks), "utf-8")
