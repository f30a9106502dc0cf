"""The process around a gate."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from mailgate.app.serve import note_stray, warm_up
from mailgate.gateway import handler


@pytest.mark.parametrize(
    ("context", "kind"),
    [
        ({"message": "Cookie: secret", "exception": ValueError("secret")}, "ValueError"),
        ({"message": "secret"}, "NoneType"),
    ],
)
def test_a_stray_error_is_logged_by_its_kind_alone(context, kind):
    with capture_logs() as logs:
        note_stray(None, context)
    assert logs == [{"event": "unhandled-error", "error": kind, "log_level": "error"}]


@pytest.fixture
async def service() -> SimpleNamespace:
    return SimpleNamespace(admin=SimpleNamespace(load_console=asyncio.Event()))


async def test_the_console_is_loaded_also_if_a_page_cannot_be_compiled(service, monkeypatch):
    def broken() -> None:
        raise SyntaxError

    monkeypatch.setattr(handler, "warming", lambda: [broken])
    await warm_up(service)
    assert service.admin.load_console.is_set()


async def test_a_request_goes_before_the_next_step_of_warming_up(service, monkeypatch):
    begun, loop = [], asyncio.get_running_loop()
    first = partial(loop.call_soon_threadsafe, begun.append, "request")
    monkeypatch.setattr(handler, "warming", lambda: [first, lambda: begun.append("second step")])
    await warm_up(service)
    assert begun == ["request", "second step"]
