"""``mailgate policy plan --gate URL``: a gate makes and keeps the plan, by what its store knows, for files that may be on any machine."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mailgate import __version__
from mailgate.cli.exit_codes import fail
from mailgate.cli.options import checked
from mailgate.cli.output import ShowProgress
from mailgate.config.addresses import ServiceUrl
from mailgate.console.words import trouble_in_words
from mailgate.errors import SourceError
from mailgate.rollout.person import RefusedError
from mailgate.rollout.plan import Plan
from mailgate.wire import ApiRequest, HttpsWire, Wire

POLL_SECONDS = 1.0
MAX_TRIES = 300
"""How often a gate that makes another plan is asked."""
_REDIRECTED = 3
_SERVICE: TypeAdapter[str] = TypeAdapter(ServiceUrl)
ANSWER_SECONDS, MAX_ANSWER = 30.0, 64 * 1024 * 1024


class _ProblemError(RefusedError):
    """What the gate answered in place of what was asked for."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class GateApi:
    """The API of a gate at its admin port, for one admin. Only one command at a time may use it."""

    url: str
    token: str = field(repr=False)
    wire: Wire = field(default_factory=lambda: HttpsWire(ANSWER_SECONDS, MAX_ANSWER))

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", checked("--gate", _SERVICE, self.url))
        if not self.token:
            fail(1, "a gate asks for your admin token: give it in MAILGATE_ADMIN_TOKEN or with --token-file")

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """The answer as plain data. Raises RefusedError."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = await self.wire.ask(ApiRequest(method, f"{self.url}/api/v1{path}", headers, data))
            told: Any = json.loads(answer.body)
            if not isinstance(told, dict) or answer.status // 100 == _REDIRECTED:
                raise ValueError
        except SourceError as error:
            raise RefusedError(f"{self.url} {trouble_in_words(str(error))}") from None
        except ValueError:
            raise RefusedError(f"{self.url} gives an answer that is no gate's") from None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            mistakes = [str(each.get("detail")) for each in told.get("errors", [])]
            raise _ProblemError(
                answer.status,
                "; ".join([f"{self.url}: {told.get('detail') or f'answers {answer.status}'}", *mistakes]),
            )
        return told


async def plan_at_gate(
    api: GateApi, files: Mapping[str, str], days: int, show: ShowProgress
) -> tuple[Plan, int]:
    """Have a gate plan these files. Returns the plan, and how many approvals it needs. Raises RefusedError."""
    try:
        began = (await _begun(api, files, days))["began"]
        while True:
            making = await api.ask("GET", "/plans/making")
            if making["began"] != began:
                raise RefusedError(f"{api.url}: somebody else had another plan made meanwhile; plan again")
            if not making["runs"]:
                break
            show(making["done"], making["total"] or None)
            await asyncio.sleep(POLL_SECONDS)
        if making["wrong"]:
            raise RefusedError(making["wrong"])
        told = await api.ask("GET", f"/plans/{making['digest']}")
        return Plan.model_validate_json(json.dumps(told["plan"])), told["status"]["needed"]
    except (KeyError, TypeError, ValidationError):
        other = f"another version of Mailgate than {__version__}; expected the same one here"
        raise RefusedError(f"{api.url} answers as {other}") from None
    finally:
        await api.wire.close()


async def _begun(api: GateApi, files: Mapping[str, str], days: int) -> Any:
    """Have the plan begun, once the gate has made the one before."""
    for _ in range(MAX_TRIES):
        try:
            return await api.ask("POST", "/plans", {"files": files, "days": days})
        except _ProblemError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            busy = error
        await asyncio.sleep(POLL_SECONDS)
    raise busy
