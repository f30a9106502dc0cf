"""The admin port."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from mailgate.app.workers import ALONE
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.gateway.admin_port.admin import admin_app
from mailgate.gateway.metrics import Metrics


async def ask(path, *, ready=True, method="GET"):
    async def readiness():
        return {"ready": ready, "store": "ok"}

    async def policy(_request):
        return web.Response(text="a question of the mail server")

    async def intake(_request):
        return web.Response(text="an inventory")

    request = make_mocked_request(method, path)
    match = await admin_app(
        WorkerMetrics(ALONE, Metrics().registry).metrics, readiness, policy, intake
    ).router.resolve(request)
    return await match.handler(request)


async def test_healthz_says_that_the_process_runs():
    answer = await ask("/healthz")
    assert (answer.status, answer.text) == (200, "ok\n")


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readyz_says_what_it_runs_on_and_503_while_it_should_get_no_traffic(ready, status):
    answer = await ask("/readyz", ready=ready)
    assert answer.status == status
    assert json.loads(answer.text) == {"ready": ready, "store": "ok"}


async def test_metrics_are_in_the_format_of_prometheus():
    answer = await ask("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert b"# TYPE mailgate_config_ok gauge" in answer.body


@pytest.mark.parametrize(
    ("path", "answered_as"),
    [
        ("/dovecot/policy?command=allow", "a question of the mail server"),
        ("/api/devices/hr", "an inventory"),
    ],
)
async def test_what_is_posted_here(path, answered_as):
    assert (await ask(path, method="POST")).text == answered_as


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/", "GET"),
        ("/healthz", "POST"),
        ("/metrics/", "GET"),
        ("/dovecot/policy", "GET"),
        ("/dovecot", "POST"),
        ("/api/devices/hr", "GET"),
        ("/api/devices/", "POST"),
        ("/api/devices/hr/more", "POST"),
    ],
)
async def test_there_is_nothing_else(path, method):
    with pytest.raises(web.HTTPException):
        await ask(path, method=method)
