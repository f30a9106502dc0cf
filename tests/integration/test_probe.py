"""The probe's cookie over the life of a gate: it survives a restart, and the setting takes effect without one."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from tests.integration.conftest import LAPTOP, NAVIGATION
from tests.integration.gate import Gate, start_gate, wait_for, write_config

READINGS = {
    "touch_points": 0, "pointer": "fine", "hover": True, "any_fine": True, "any_hover": True, "platform": "Win32",
    "width": 1920, "height": 1080, "mobile": None, "system": "", "form_factors": [], "model": "",
}  # fmt: skip
WARNED = {"rules": [{"id": "shut", "when": "true", "effect": "warn"}]}


def ask(gate: Gate, path: str, data: bytes | None = None, **headers: str) -> tuple[str, str]:
    """The reason and the cookie of one answer."""
    request = Request(f"http://{gate.public[0]}:{gate.public[1]}{path}", data)
    for name, value in {"User-Agent": LAPTOP, **headers}.items():
        request.add_header(name, value)
    with urlopen(request) as answer:
        return answer.headers["X-Device-Reason"], answer.headers["Set-Cookie"] or ""


def page_load(gate: Gate, cookie: str = "") -> str:
    return ask(gate, "/", Cookie=cookie, **NAVIGATION)[0]


def probe(gate: Gate) -> str:
    fields = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    return ask(gate, "/.mailgate/probe", json.dumps(READINGS).encode(), **fields)[1].partition(";")[0]


def test_the_cookie_counts_after_a_restart(tmp_path: Path) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9", {"probe": "require"}, WARNED)
    first = start_gate(config)
    cookie = probe(first)
    assert first.stop() == 0
    second = start_gate(config)
    assert (page_load(second), page_load(second, cookie)) == ("probe-required", "rule-matched")
    assert page_load(second, f"{cookie}x") == "probe-required"
    assert second.stop() == 0


def test_the_setting_takes_effect_while_the_gate_runs(tmp_path: Path) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9", {}, WARNED)
    gate = start_gate(config)
    assert page_load(gate) == "rule-matched"

    def becomes(reason: str) -> Callable[[], bool]:
        return lambda: page_load(gate) == reason

    for setting, reason in (
        ("observe", "probe-required"),
        ("off", "rule-matched"),
        ("require", "probe-required"),
    ):
        config.write_text(json.dumps(json.loads(config.read_text()) | {"probe": setting}))
        assert wait_for(becomes(reason))
    assert gate.stop() == 0
