"""``mailgate classify``: classifies user agents and headers, one per line or one at a time."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.classify import classify as classify_facts
from mailgate.model import Client, RequestFacts

STDIN = "-"

_PLAIN = tuple(field.name for field in fields(Client) if field.name not in ("signals", "findings"))
"""The fields of a client that JSON can hold directly."""

_METHOD_KEYS = (":method", "method")
_TARGET_KEYS = (":path", "target", "path")
_AGENT_KEY = "user_agent"
"""The key of the user agent, as in a case of the rules (``policy.tests.yaml``) and in many lists of user agents."""
_CGI = "http_"
"""The prefix of header names in the variables of servers. Some write the rest with hyphens."""

Headers = Annotated[list[str] | None, typer.Option("--header", "-H", help="A further header, 'Name: value'.")]


class LineError(ValueError):
    """A line that is neither a user agent nor an object of headers."""


def classify(
    user_agent: Annotated[
        str | None,
        typer.Argument(help="A user agent, or - to read one user agent or JSON object of headers per line."),
    ] = None,
    header: Headers = None,
    method: Annotated[str, typer.Option(help="The method of the request.")] = "GET",
    target: Annotated[str, typer.Option("--target", help="Path and query of the request.")] = "/",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Classify a client: its kind, how well it is known, and every signal that was used."""
    if user_agent == STDIN:
        raise typer.Exit(_stream(sys.stdin.buffer, as_json))
    if user_agent is None and not header:
        raise typer.BadParameter("give a user agent, a --header, or - to read lines from standard input")
    headers = _join(_option(text) for text in header or ())
    if user_agent is not None:
        headers["user-agent"] = user_agent
    client = classify_facts(RequestFacts(method=method, target=target, headers=headers))
    if as_json:
        print(json.dumps(as_object(client)))
    else:
        Console().print(_table(client))


def as_object(client: Client) -> dict[str, object]:
    """A client as JSON prints it."""
    return {
        **{name: getattr(client, name) for name in _PLAIN},
        "contradicted": client.contradicted,
        "signals": [asdict(each) for each in client.signals],
        "findings": [asdict(each) for each in client.findings],
    }


def read_line(line: bytes) -> RequestFacts:
    """The request in a line. Raises ``LineError`` if the line starts like JSON and is no object of headers."""
    text = line.decode("utf-8", "replace").strip()
    if not text.startswith("{"):
        return RequestFacts(headers={"user-agent": text})
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LineError(f"not JSON: {error}") from error
    return _facts(described)


def _stream(lines: BinaryIO, as_json: bool) -> int:
    """Answer each line before the next one is read. Returns exit code 1 if a line could not be read."""
    show = _show_json if as_json else _show_text
    code = 0
    for line in lines:
        try:
            answer = classify_facts(read_line(line))
        except LineError as error:
            code = 1
            show({"error": str(error)})
        else:
            show(as_object(answer))
    return code


def _show_json(answer: Mapping[str, object]) -> None:
    print(json.dumps(answer), flush=True)


def _show_text(answer: Mapping[str, object]) -> None:
    named = ("kind", "assurance", "os", "os_version", "browser", "browser_version", "model", "error")
    print("\t".join(str(answer[name]) for name in named if answer.get(name)), flush=True)


def _facts(described: Mapping[str, object]) -> RequestFacts:
    """The request in an object, which has the headers itself, perhaps with method and target, or under ``headers``."""
    nested = described.get("headers")
    if nested is not None and not isinstance(nested, dict):
        raise LineError("headers must be an object of names and values")
    fields = {name.lower(): value for name, value in described.items()}
    beside = (*_METHOD_KEYS, *_TARGET_KEYS, _AGENT_KEY)
    flat = {name: value for name, value in fields.items() if name not in beside}
    headers = _join(_values((flat if nested is None else nested).items()))
    agent = _first(fields, (_AGENT_KEY,), "")
    return RequestFacts(
        method=_first(fields, _METHOD_KEYS, "GET"),
        target=_first(fields, _TARGET_KEYS, "/"),
        headers={"user-agent": agent} | headers if agent else headers,
    )


def _first(described: Mapping[str, object], names: Iterable[str], otherwise: str) -> str:
    value = next((described[name] for name in names if name in described), otherwise)
    if not isinstance(value, str):
        raise LineError("method, target and user_agent must be strings")
    return value


def _values(described: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    for name, value in described:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield name, one
            elif one is not None:
                raise LineError(f"the value of header {name!r} must be a string, a list of strings, or null")


def _option(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise typer.BadParameter(f"--header {text!r}: use 'Name: value'")
    return name, value


def _join(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Lower-case the names, and join the values of a repeated name (RFC 9110, section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key = _field_name(name)
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return headers


def _field_name(written: str) -> str:
    """A header's name in lower case, also in the form of CGI: HTTP_USER_AGENT (RFC 3875, section 4.1.18)."""
    name = written.strip().lower()
    return name[len(_CGI) :].replace("_", "-") if name.startswith((_CGI, "http-")) else name


def _table(client: Client) -> Table:
    table = Table(
        show_header=False, box=None, title=f"{client.kind} ({client.assurance})", title_justify="left"
    )
    for name, value in _shown(client):
        table.add_row(name, Text("".join(c if c.isprintable() else "?" for c in value)))
    return table


def _shown(client: Client) -> Iterator[tuple[str, str]]:
    for name in _PLAIN:
        value = getattr(client, name)
        if value not in ("", None, False):
            yield name.replace("_", " "), "yes" if value is True else str(value)
    for signal in client.signals:
        yield f"signal: {signal.source}", f"{signal.name} = {signal.value!r} says {signal.says or 'nothing'}"
    for finding in client.findings:
        yield f"finding: {finding.reason}", finding.detail
