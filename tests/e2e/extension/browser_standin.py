"""The extension's own pages in any state, over a stand-in for the browser's interface that answers with it."""

import json
import mimetypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page
from tests.e2e.extension.companion import EXTENSION
from tests.e2e.serving import QuietHandler, serving

NOW = 1_796_810_400_000  # 9 December 2026, 10:00 UTC
ALLOW = {
    "effect": "allow",
    "reason": "rule-matched",
    "title": "",
    "apps": [],
    "fix": "",
    "contact": "",
    "deadline": "",
}
BLOCK = ALLOW | {
    "effect": "block",
    "reason": "prohibited-app",
    "apps": ["TikTok"],
    "fix": "remove-app",
    "contact": "it-help@example.com",
}
WARN = BLOCK | {"effect": "warn", "deadline": "2026-12-15T17:00:00+00:00"}
DENIED = BLOCK | {"reason": "kind-contradicted", "fix": "", "apps": []}
MEMORY = {
    "phase": "active",
    "gate": "https://mail.example.com",
    "managed": False,
    "wrong": "",
    "machine": "",
    "company": "Example company mail",
    "deviceId": "enrolled-KK5Y1lxmMpMsEtp2",
    "thumbprint": "KK5Y1lxmMpMsEtp2n9t8g35P0eJyEELwFWWr7LkFlho",
    "failures": 0,
    "retryAt": 0,
    "reportAt": 0,
    "skew": 0,
    "trouble": None,
    "etag": "",
    "statusAt": NOW - 180_000,
    "told": {},
    "listed": [],
}
STAND_IN = """(({ messages, language, memory, now }) => {
  const getMessage = (key, values = []) => {
    if (key === "@@bidi_dir") return language === "ar" ? "rtl" : "ltr";
    return (messages[key]?.message ?? "").replace(/\\$(\\d)/g, (_, at) => [values].flat()[at - 1] ?? "");
  };
  globalThis.chrome = {
    i18n: { getMessage, getUILanguage: () => language.replace("_", "-") },
    permissions: { contains: async () => false, getAll: async () => ({}), request: async () => true },
    runtime: { sendMessage: async ({ type }) => ({ text: "state: as it is", memory, asksForExtensions: true }) },
  };
  Date.now = () => now;
})"""
SHEET = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="stylesheet" href="look/tokens.css"><link rel="stylesheet" href="look/style.css">
<style>
main { display: flex; flex-wrap: wrap; gap: 20px; align-items: flex-start; justify-content: center; padding: 20px; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: 13px; }
iframe { width: 360px; border: 1px solid var(--line); border-radius: 6px; }
h1 { flex: 1; max-width: 460px; font-size: 52px; line-height: 1.12; letter-spacing: -0.03em; }
.store { height: 790px; align-items: center; gap: 90px; } .store figcaption { display: none; }
</style>
<body class="sheet"><main>%s</main>
<script>
for (const frame of document.querySelectorAll("iframe")) frame.onload = () => {
  const grow = () => { frame.style.height = `${frame.contentDocument.documentElement.scrollHeight + 2}px`; };
  new frame.contentWindow.ResizeObserver(grow).observe(frame.contentDocument.body);
  grow();
};
</script>"""


def device(
    mark: str, kind: str, system: str, verdict: dict[str, Any], *, here: bool = False
) -> dict[str, Any]:
    name, _, version = system.partition(" ")
    seen = {
        "id": mark,
        "here": here,
        "state": "",
        "lost": False,
        "kind": kind,
        "os": name,
        "osVersion": version,
    }
    return seen | {"apps": [], "reportedAt": "", "verdict": verdict}


def knowing(verdict: dict[str, Any], *devices: dict[str, Any], **more: Any) -> dict[str, Any]:
    client = {"kind": "laptop", "assurance": "claimed", "findings": []}
    return (
        MEMORY
        | {"status": {"verdict": verdict, "client": client, "devices": devices, "reference": "AR7QMX2K5T"}}
        | more
    )


MISTAKE = "gate: “mail example” is no address like https://mail.example.com"
OF_A_COMPANY = MEMORY | {"status": None, "deviceId": "", "managed": True, "machine": "LAP-0042"}
LAPTOP = device("a", "laptop", "windows 15", ALLOW, here=True)
STATES = {
    "open": knowing(ALLOW, LAPTOP, device("b", "phone", "ios 18.6", ALLOW)),
    "warned": knowing(ALLOW, LAPTOP, device("b", "phone", "android 16", WARN)),
    "blocked": knowing(
        DENIED,
        device("a", "laptop", "windows 15", DENIED, here=True),
        device("c", "tablet", "ipados 18.6", ALLOW),
        device("b", "phone", "ios 18.6", BLOCK),
    ),
    "away": knowing(ALLOW, LAPTOP, phase="away", retryAt=NOW + 20_000),
    "too-often": knowing(
        ALLOW,
        LAPTOP,
        phase="away",
        retryAt=NOW + 540_000,
        trouble={"reason": "too-many-requests", "status": 429, "reference": "", "at": NOW},
    ),
    "clock": knowing(ALLOW, LAPTOP, skew=-740),
    "revoked": MEMORY | {"status": None, "phase": "revoked"},
    "shut-out": OF_A_COMPANY | {"phase": "shut-out"},
    "machine-full": OF_A_COMPANY | {"phase": "machine-full"},
    "policy-wrong": OF_A_COMPANY | {"phase": "policy-wrong", "gate": "", "company": "", "wrong": MISTAKE},
    "policy-mistake": knowing(ALLOW, LAPTOP, managed=True, wrong=MISTAKE),
    "app-here": knowing(BLOCK | {"apps": ["Shop"]}, LAPTOP),
    "phone-blocked": knowing(ALLOW, LAPTOP, device("b", "phone", "ios 18.6", BLOCK)),
    "warned-here": knowing(WARN | {"apps": ["Shop"]}, LAPTOP),
    "checking": MEMORY | {"status": None},
    "key-lost": MEMORY | {"status": None, "phase": "key-lost", "deviceId": ""},
    "adding": MEMORY | {"status": None, "phase": "enrolling", "deviceId": ""},
    "not-allowed": MEMORY | {"status": None, "phase": "permission", "deviceId": ""},
    "not-added": MEMORY | {"status": None, "phase": "code", "deviceId": ""},
    "code-refused": MEMORY | {"status": None, "phase": "code-refused", "deviceId": ""},
    "token-refused": MEMORY | {"status": None, "phase": "code-refused", "deviceId": "", "managed": True},
    "forgotten": MEMORY | {"status": None, "phase": "not-enrolled", "deviceId": ""},
    "unconfigured": MEMORY | {"status": None, "phase": "unconfigured", "gate": "", "deviceId": ""},
}


class _Pages(QuietHandler):
    """The files of the extension. A page is in the state and the language of its query."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/sheet":
            self.answer(200, _sheet(dict(parse_qsl(url.query))), {"Content-Type": "text/html; charset=utf-8"})
            return
        file = EXTENSION / url.path.removeprefix("/")
        if not file.is_file():
            self.answer(404, "", {})
            return
        text, kind = file.read_text("utf-8"), mimetypes.guess_type(file.name)[0] or "text/plain"
        if url.query:
            text = text.replace("<head>", f"<head><script>{_stand_in(*url.query.split('&'))}</script>")
        self.answer(200, text, {"Content-Type": kind})


def _stand_in(state: str, language: str) -> str:
    messages = json.loads((EXTENSION / "_locales" / language / "messages.json").read_text("utf-8"))
    told = {"messages": messages, "language": language, "memory": STATES[state], "now": NOW}
    return f"{STAND_IN}({json.dumps(told)})"


def _sheet(asked: dict[str, str]) -> str:
    frame = '<figure><figcaption>{0}</figcaption><iframe src="popup/popup.html?{0}&amp;{1}" height="10"></iframe></figure>'
    frames = [frame.format(state, asked["language"]) for state in asked["states"].split(",")]
    heading = f"<h1>{escape(asked['heading'])}</h1>" if asked.get("heading") else ""
    html = SHEET % (heading + "\n".join(frames))
    return html.replace("<main>", '<main class="store">') if heading else html


@contextmanager
def shown() -> Iterator[str]:
    """The origin of the extension's pages over the stand-in: ``/popup/popup.html?warned&de``."""
    with serving(_Pages) as origin:
        yield origin


def sheet(origin: str, states: Iterable[str], language: str = "en", heading: str = "") -> str:
    """The address of one page with the popup in each of these states."""
    asked = {"states": ",".join(states), "language": language, "heading": heading}
    return f"{origin}/sheet?{urlencode(asked)}"


def show(page: Page, origin: str, state: str, language: str = "en", path: str = "popup/popup.html") -> None:
    page.goto(f"{origin}/{path}?{state}&{language}")
    page.wait_for_function("document.getElementById('headline').textContent")
