"""Other sites, a webmail that redirects to them, and other extensions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.serving import QuietHandler, serving


@dataclass
class Bystander:
    """Another origin, and every header that it received."""

    url: str
    seen: list[dict[str, str]]

    def paths(self) -> set[str]:
        return {seen[":path"] for seen in self.seen}


@contextmanager
def bystander() -> Iterator[Bystander]:
    seen: list[dict[str, str]] = []

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()} | {":path": self.path})
            anyone = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
            self.answer(200, "<title>Elsewhere</title>", anyone)

        def do_OPTIONS(self) -> None:
            self.do_GET()

    with serving(Handler) as origin:
        yield Bystander(origin, seen)


class Leading(QuietHandler):
    """A webmail that redirects to the address in its query, as a link in a mail may do."""

    def do_GET(self) -> None:
        _, asks, where = self.path.partition("?")
        if asks:
            self.answer(302, "", {"Location": where, "Access-Control-Allow-Origin": "*"})
        else:
            self.answer(200, "<title>Mail</title>", {"Content-Type": "text/html"})


EVERY_WAY = """async (elsewhere) => {
  const to = (way, url) => `/away?${elsewhere}/${way}`;
  await fetch(to('fetched'), { mode: 'no-cors' }).catch(() => {});
  await fetch(`${elsewhere}/plain`, { mode: 'no-cors' });
  for (const [tag, way] of [['img', 'shown'], ['iframe', 'framed'], ['script', 'run']]) {
    const element = document.createElement(tag);
    const over = new Promise((done) => { element.onload = element.onerror = done; });
    element.src = to(way);
    document.body.append(element);
    await over;
  }
}"""
"""What a page of the mail may do that ends at another origin."""

WAYS = {"/fetched", "/plain", "/shown", "/framed", "/run", "/opened"}


@contextmanager
def leading_webmail() -> Iterator[str]:
    with serving(Leading) as origin:
        yield origin


def forger(directory: Path, token: str) -> Path:
    """An extension that puts a token of its own on every request whose address has the word ``forged``."""
    directory.mkdir()
    header = {"header": "Device-Attestation", "operation": "set", "value": token}
    rule = {
        "id": 1,
        "priority": 100,
        "action": {"type": "modifyHeaders", "requestHeaders": [header]},
        "condition": {"urlFilter": "forged", "resourceTypes": ["main_frame"]},
    }
    (directory / "rules.json").write_text(json.dumps([rule]))
    resources = [{"id": "rules", "enabled": True, "path": "rules.json"}]
    manifest = {
        "manifest_version": 3,
        "name": "Forger",
        "version": "1",
        "permissions": ["declarativeNetRequest"],
        "host_permissions": ["http://127.0.0.1/*"],
        "declarative_net_request": {"rule_resources": resources},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory
