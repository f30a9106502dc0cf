"""The ways to a webmail: through the gate itself, and through each proxy that asks it, as ``deploy/`` sets it up."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.attacks.recording import Webmail, listening
from tests.integration.conftest import Guard, Guarded
from tests.integration.conftest import client as client
from tests.integration.conftest import guard as guard
from tests.integration.gate import PHONE_RULES
from tests.integration.test_forward_auth import FRONTS, asked_in, questions_of

INLINE = "inline"


@dataclass
class Way:
    """``name``: of the proxy, or ``inline``. ``url``: where a client comes in."""

    name: str
    url: str
    guarded: Guarded


Open = Callable[..., Way]


@pytest.fixture
async def recording() -> AsyncIterator[Webmail]:
    async with listening(Webmail()) as mail:
        yield mail


@pytest.fixture
def webmail(recording: Webmail) -> "Address":
    """What stands behind the gates of ``guard``."""
    return Address(recording)


@dataclass
class Address:
    mail: Webmail

    def make_url(self, path: str) -> str:
        return self.mail.url + path


@pytest.fixture(params=[INLINE, *FRONTS])
def way(request: pytest.FixtureRequest, guard: Guard, recording: Webmail, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def opened(policy: dict[str, Any] = PHONE_RULES, mail: str = recording.url, **settings: Any) -> Way:
            if request.param == INLINE:
                guarded = guard(policy, upstream=mail, **settings)
                return Way(INLINE, guarded.url, guarded)
            dialect, serve = FRONTS[request.param]
            guarded = guard(
                policy,
                **asked_in(dialect),
                trusted_proxies=("127.0.0.1/32",),
                upstream=mail,
                **settings,
            )
            run = tmp_path / "front"
            run.mkdir()
            further = {"questions": questions_of(guarded.gate)} if dialect == "envoy-grpc" else {}
            return Way(request.param, stack.enter_context(serve(guarded.url, mail, run, **further)), guarded)

        yield opened
