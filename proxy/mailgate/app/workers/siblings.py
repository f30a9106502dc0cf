"""The metrics of all workers in one answer. Each sample is labelled with its worker."""

import asyncio
from collections.abc import Iterator, Mapping

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from mailgate.app.workers.place import Place

PATIENCE = ClientTimeout(total=2)
LABEL = "worker"


def metrics_app(registry: CollectorRegistry) -> web.Application:
    """What a worker answers the first one: ``/metrics``, and ``/healthz`` for whether it answers."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz)])
    return app


class Siblings:
    """The workers beside the first one."""

    def __init__(self, place: Place, registry: CollectorRegistry) -> None:
        self._place, self._registry = place, registry
        if place.has_admin:
            Gauge("mailgate_workers_wanted", "Processes that should serve", registry=registry).set(place.of)
            self._answer = Gauge("mailgate_workers_answering", "Processes that serve now", registry=registry)

    async def metrics(self) -> bytes:
        """The text of ``/metrics`` for all workers that answer; those that do not are missing in it."""
        texts = await self.texts()
        return texts[0].encode() if self._place.of == 1 else merged(texts)

    async def texts(self) -> dict[int, str]:
        """The metrics of each worker that answers, by its number."""
        others = await self._others("/metrics")
        self._answer.set(1 + len(others))
        return {0: generate_latest(self._registry).decode(), **others}

    async def missing(self) -> list[int]:
        """The numbers of the workers that do not answer."""
        answering = await self._others("/healthz")
        return [number for number in range(1, self._place.of) if number not in answering]

    async def _others(self, path: str) -> dict[int, str]:
        numbers = range(1, self._place.of)
        texts = await asyncio.gather(*(self._ask(number, path) for number in numbers))
        return {number: text for number, text in zip(numbers, texts, strict=True) if text is not None}

    async def _ask(self, number: int, path: str) -> str | None:
        connector = UnixConnector(str(self._place.metrics_socket(number)))
        try:
            async with (
                ClientSession(connector=connector, timeout=PATIENCE) as session,
                session.get(f"http://worker{path}") as response,
            ):
                return await response.text() if response.status == 200 else None
        except (ClientError, OSError, TimeoutError):
            return None


def merged(texts: Mapping[int, str]) -> bytes:
    """One text of the metrics of several workers. Each sample has its worker's number as a label."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(texts))
    return generate_latest(registry)


class _Told(Collector):
    """Texts of several workers as one set of metrics."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for number, text in self._texts.items():
            for family in text_string_to_metric_families(text):
                whole = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                whole.samples += [
                    sample._replace(labels={**sample.labels, LABEL: str(number)}) for sample in family.samples
                ]
        yield from merged.values()
