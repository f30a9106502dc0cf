"""APIs as data: ``exchanges`` in ``tests/vectors/connectors/SOURCE.json`` are the requests and their answers.

An exchange has ``method`` (GET), ``path``, ``query`` (required pairs) and ``answers``, which are given one after the
other, the last one repeatedly. ``$ORIGIN`` in a body stands for the API's origin. An unknown request is answered with
404, one without the token with 401.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

VECTORS = Path(__file__).parent / "vectors/connectors"
MARKER = "Zq7-Private-Diary"
"""The name of an app that is on every device of every source and on no list: it must be found nowhere."""


def recorded(source: str) -> dict[str, Any]:
    """What is recorded of a source."""
    found: dict[str, Any] = json.loads((VECTORS / f"{source}.json").read_text("utf-8"))
    return found


class Exchanges:
    """One API. ``asked`` counts the questions by method and path."""

    def __init__(self, source: str, origin: str) -> None:
        self._entries: list[dict[str, Any]] = recorded(source)["exchanges"]
        self.origin = origin
        self._given: Counter[int] = Counter()
        self.asked: Counter[str] = Counter()
        self.questions: list[tuple[str, list[tuple[str, str]]]] = []

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        self.asked[f"{method} {parts.path}"] += 1
        self.questions.append((parts.path, pairs))
        for index, entry in enumerate(self._entries):
            if self._fits(entry, method, parts.path, pairs):
                return self._next(index, entry, {k.lower(): v for k, v in headers.items()}, body.decode())
        return 404, {}, b'{"error": "there is no such thing"}'

    def _fits(self, entry: dict[str, Any], method: str, path: str, pairs: list[tuple[str, str]]) -> bool:
        wanted = {
            (k, each)
            for k, v in entry.get("query", {}).items()
            for each in (v if isinstance(v, list) else [v])
        }
        absent = set(entry.get("without", ()))
        return (
            entry.get("method", "GET") == method
            and entry["path"] == path
            and wanted <= set(pairs)
            and not absent & {name for name, _ in pairs}
        )

    def _next(
        self, index: int, entry: dict[str, Any], headers: Mapping[str, str], body: str
    ) -> tuple[int, dict[str, str], bytes]:
        for name, value in entry.get("headers", {}).items():
            if headers.get(name.lower()) != value:
                return 401, {}, b'{"error": "who are you?"}'
        if any(part not in body for part in entry.get("body", ())):
            return 400, {}, b'{"error": "what is that?"}'
        answers = entry["answers"]
        given = answers[min(self._given[index], len(answers) - 1)]
        self._given[index] += 1
        text = json.dumps(given.get("body", {})).replace("$ORIGIN", self.origin)
        return given.get("status", 200), given.get("headers", {}), text.encode()
