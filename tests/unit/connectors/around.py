"""The environment of a connector without sockets: a fixed clock, no waiting, no randomness."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from joserfc.jwk import RSAKey
from tests.exchanges import Exchanges

from mailgate.config.references import Sources
from mailgate.config.sources.apis import SourceSettings
from mailgate.config.sources.every_source import ApiSourceSettings, EverySource
from mailgate.connectors.http import ApiClient
from mailgate.connectors.logins import Login
from mailgate.connectors.protocol import Connector, SourceTools
from mailgate.connectors.setup import Setup
from mailgate.devices.device import Report
from mailgate.errors import SourceError, Trouble
from mailgate.policy import AppCatalog, ListedApp
from mailgate.wire import ApiRequest, ApiResponse, Wire

SOURCES: dict[str, type[EverySource]] = {
    get_args(each.model_fields["type"].annotation)[0]: each for each in get_args(get_args(SourceSettings)[0])
}
"""The settings of every source, by the ``type`` in them."""
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CATALOG = AppCatalog(
    {
        "tiktok": ListedApp(
            "tiktok",
            "TikTok",
            "ByteDance",
            android=("com.zhiliaoapp.musically",),
            ios=("com.zhiliaoapp.musically",),
        ),
        "moomoo": ListedApp("moomoo", "Moomoo", publishers=("Moomoo Technologies Inc.",)),
    },
    {"prohibited": ("tiktok",)},
)


def look(report: Report) -> tuple[frozenset[str], bool | None, datetime | None]:
    """The listed apps of a report, whether all could be seen, and when."""
    return report.apps, report.apps_complete, report.reported_at


async def devices_of(connector: Connector, since: datetime | None = None) -> list[Report]:
    return [record async for record in connector.devices(since)]


@contextmanager
def ends_in(trouble: Trouble) -> Iterator[pytest.ExceptionInfo[SourceError]]:
    """Check that the body fails with this trouble."""
    with pytest.raises(SourceError) as caught:
        yield caught
    assert caught.value.trouble is trouble


class Waits:
    """Records the waiting times instead of waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def tools(waits: Waits | None = None, now: Callable[[], datetime] = lambda: NOW) -> SourceTools:
    return SourceTools(now, waits or Waits(), lambda: 1.0)


class Scripted:
    """A wire that gives these answers one after the other and raises errors among them."""

    def __init__(self, *answers: ApiResponse | Exception) -> None:
        self._answers = list(answers)
        self.questions: list[ApiRequest] = []
        self.closed = False

    async def ask(self, question: ApiRequest) -> ApiResponse:
        self.questions.append(question)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True


def answer(body: object) -> ApiResponse:
    return ApiResponse(200, {}, json.dumps(body).encode())


def client_of(wire: Wire, base: str) -> ApiClient:
    """A client that needs no login."""
    return ApiClient(base, Login({}), wire, tools(), 10**6)


class Recorded:
    """A wire to an API from recorded data."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges

    async def ask(self, question: ApiRequest) -> ApiResponse:
        asked = (question.method, question.url, question.headers, question.body or b"")
        status, headers, body = self.exchanges.answer(*asked)
        return ApiResponse(status, {name.lower(): text for name, text in headers.items()}, body)

    async def close(self) -> None:
        """Do nothing, since nothing is open."""


def setup(exchanges: Exchanges, around: SourceTools | None = None, catalog: AppCatalog = CATALOG) -> Setup:
    def wire(_: ApiSourceSettings) -> Recorded:
        return Recorded(exchanges)

    return Setup("mdm", catalog, around or tools(), wire)


def settings_of(model: type[Any], values: Mapping[str, Any], **secrets: str) -> Any:
    """Settings with these values and plain secrets."""
    given = {**values, **{name: {"env": name.upper()} for name in secrets}}
    environ = {name.upper(): value for name, value in secrets.items()}
    return model.model_validate(given, context={"sources": Sources(Path(), environ)})


def secrets_of(told: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of a source as its vectors write them."""
    known = {"$SERVICE_ACCOUNT": service_account()}
    return {name: known.get(text, text) for name, text in told.get("secrets", {}).items()}


@cache
def service_account() -> str:
    """The key file of a service account, as Google Cloud issues it."""
    key = RSAKey.generate_key(2048)
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "example",
            "private_key_id": "0000000000000000000000000000000000000001",
            "private_key": key.as_pem(private=True).decode(),
            "client_email": "mailgate@example.iam.gserviceaccount.com",
            "client_id": "100000000000000000001",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )
