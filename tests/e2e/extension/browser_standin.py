"""The extension's own pages in any state, over a stand-in for the browser's interface that answers with it."""

import json
import mimetypes
from typing import Any

from playwright.sync_api import Page, Route
from tests.e2e.extension.companion import EXTENSION

ORIGIN = "http://extension.example"
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
    permissions: { contains: async () => false },
    runtime: { sendMessage: async ({ type }) => ({ text: "state: as it is", memory, asksForExtensions: true }) },
  };
  Date.now = () => now;
})"""


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
        | {"status": {"verdict": verdict, "client": client, "devices": devices, "reference": ""}}
        | more
    )


LAPTOP = device("a", "laptop", "windows 15", ALLOW, here=True)
STATES = {
    "open": knowing(ALLOW, LAPTOP, device("b", "phone", "ios 18.6", ALLOW)),
    "warned": knowing(ALLOW, LAPTOP, device("b", "phone", "android 16", WARN)),
    "blocked": knowing(
        DENIED,
        device("a", "laptop", "windows 15", DENIED, here=True),
        device("b", "phone", "ios 18.6", BLOCK),
    ),
    "away": knowing(ALLOW, LAPTOP, phase="away"),
    "too-often": knowing(
        ALLOW,
        LAPTOP,
        phase="away",
        retryAt=NOW + 540_000,
        trouble={"reason": "too-many-requests", "status": 429, "reference": "", "at": NOW},
    ),
    "clock": knowing(ALLOW, LAPTOP, skew=-740),
    "revoked": MEMORY | {"status": None, "phase": "revoked"},
    "key-lost": MEMORY | {"status": None, "phase": "key-lost", "deviceId": ""},
    "adding": MEMORY | {"status": None, "phase": "enrolling", "deviceId": ""},
    "not-allowed": MEMORY | {"status": None, "phase": "permission", "deviceId": ""},
    "not-added": MEMORY | {"status": None, "phase": "code", "deviceId": ""},
    "code-refused": MEMORY | {"status": None, "phase": "code-refused", "deviceId": ""},
    "token-refused": MEMORY | {"status": None, "phase": "code-refused", "deviceId": "", "managed": True},
    "forgotten": MEMORY | {"status": None, "phase": "not-enrolled", "deviceId": ""},
    "unconfigured": MEMORY | {"status": None, "phase": "unconfigured", "gate": "", "deviceId": ""},
}


def serve(route: Route) -> None:
    path = EXTENSION / route.request.url.removeprefix(f"{ORIGIN}/")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    route.fulfill(body=path.read_bytes(), content_type=kind)


def show(page: Page, state: str, language: str = "en", path: str = "popup/popup.html") -> None:
    messages = json.loads((EXTENSION / "_locales" / language / "messages.json").read_text("utf-8"))
    told = {"messages": messages, "language": language, "memory": STATES[state], "now": NOW}
    page.unroute_all()
    page.route(f"{ORIGIN}/**", serve)
    page.add_init_script(f"{STAND_IN}({json.dumps(told)})")  # the last such script of a page counts
    page.goto(f"{ORIGIN}/{path}")
    page.wait_for_function("document.getElementById('headline').textContent")
