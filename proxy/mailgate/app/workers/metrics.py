"""The metrics of all workers in one answer. Each sample is labelled with its worker.

They are in the text format of Prometheus, or in OpenMetrics, which has room for exemplars, if requests have traces and
the client accepts it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from mailgate.app.workers.listeners import WorkerPlace

TIMEOUT = ClientTimeout(total=2)
LABEL = "worker"


def metrics_app(registry: CollectorRegistry) -> web.Application:
    """The application with which a worker answers the first one: ``/metrics``, and ``/healthz``."""

    async def metrics(request: web.Request) -> web.Response:
        form = FORMS[accepts_openmetrics(request.headers.get("Accept", ""))]
        return web.Response(body=form.write(registry), headers={"Content-Type": form.content_type})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz)])
    return app


class MetricsFormat(NamedTuple):
    """The format of metrics."""

    content_type: str
    write: Callable[[CollectorRegistry], bytes]
    read: Callable[[str], Iterable[Metric]]


PLAIN = MetricsFormat(CONTENT_TYPE_LATEST, generate_latest, text_string_to_metric_families)
OPEN = MetricsFormat(openmetrics.CONTENT_TYPE_LATEST, openmetrics.generate_latest, open_families)
FORMS = (PLAIN, OPEN)
_OPEN = "application/openmetrics-text"


def accepts_openmetrics(accept: str) -> bool:
    """Whether this ``Accept`` accepts OpenMetrics."""
    return any(each.partition(";")[0].strip() == _OPEN for each in accept.split(","))


class WorkerMetrics:
    """The workers besides the first one. ``examples``: whether durations have exemplars."""

    def __init__(self, place: WorkerPlace, registry: CollectorRegistry, *, examples: bool = False) -> None:
        self._place, self._registry, self._examples = place, registry, examples
        if place.has_admin:
            wanted = Gauge("mailgate_workers_wanted", "Processes that should serve", registry=registry)
            wanted.set(place.count)
            self._answer = Gauge("mailgate_workers_answering", "Processes that serve now", registry=registry)

    async def metrics(self, accept: str = "") -> tuple[bytes, str]:
        """The text of ``/metrics`` for all workers that answer, and its type."""
        form = FORMS[self._examples and accepts_openmetrics(accept)]
        texts = await self.texts(form)
        told = texts[0].encode() if self._place.count == 1 else merged(texts, form)
        return told, form.content_type

    async def texts(self, form: MetricsFormat = PLAIN) -> dict[int, str]:
        """The metrics of each worker that answers, by its number."""
        others = await self._others("/metrics", form.content_type)
        self._answer.set(1 + len(others))
        return {0: form.write(self._registry).decode(), **others}

    async def missing(self) -> list[int]:
        """The numbers of the workers that do not answer."""
        answering = await self._others("/healthz")
        return [number for number in range(1, self._place.count) if number not in answering]

    async def _others(self, path: str, accept: str = "*/*") -> dict[int, str]:
        numbers = range(1, self._place.count)
        texts = await asyncio.gather(*(self._ask(number, path, accept) for number in numbers))
        return {number: text for number, text in zip(numbers, texts, strict=True) if text is not None}

    async def _ask(self, number: int, path: str, accept: str) -> str | None:
        connector = UnixConnector(str(self._place.metrics_socket(number)))
        try:
            async with (
                ClientSession(connector=connector, timeout=TIMEOUT) as session,
                session.get(f"http://worker{path}", headers={"Accept": accept}) as response,
            ):
                return await response.text() if response.status == 200 else None
        except (ClientError, OSError, TimeoutError):
            return None


def merged(texts: Mapping[int, str], form: MetricsFormat = PLAIN) -> bytes:
    """The metrics of several workers as one text. Each sample has its worker's number as a label."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_TextsCollector(texts, form))
    return form.write(registry)


class _TextsCollector(Collector):
    """The texts of several workers as one set of metrics."""

    def __init__(self, texts: Mapping[int, str], form: MetricsFormat) -> None:
        self._texts, self._form = texts, form

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for number, text in self._texts.items():
            for family in self._form.read(text):
                whole = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                whole.samples += [
                    sample._replace(labels={**sample.labels, LABEL: str(number)}) for sample in family.samples
                ]
        yield from merged.values()
