"""A real Prometheus that scrapes gates every second, with the rules of ``deploy/prometheus``."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.servers import PATIENCE, answers, free_port, require_or_skip, running

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yml"


@dataclass(frozen=True)
class Prometheus:
    """The address of a running Prometheus."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The samples of a query. Raises HTTPError for an invalid query."""
        return list(self._told("query", query=query)["result"])

    def examples(self, query: str) -> list[str]:
        """The traces in the exemplars of a query, of the last minutes."""
        now = time.time()
        found = self._told("query_exemplars", query=query, start=str(now - 300), end=str(now + 60))
        return [each["labels"]["trace_id"] for series in found for each in series["exemplars"]]

    def alarms(self) -> list[dict[str, Any]]:
        """The alerting rules, each with its state."""
        return [rule for group in self._told("rules")["groups"] for rule in group["rules"]]

    def _told(self, what: str, **asked: str) -> Any:
        with urlopen(f"{self.url}/api/v1/{what}?{urlencode(asked)}", timeout=PATIENCE) as answer:
            return json.load(answer)["data"]


@contextmanager
def scraping(folder: Path, *targets: str) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the admin ports of these gates."""
    require_or_skip("prometheus")
    config, port = folder / "prometheus.json", free_port()
    url = f"http://127.0.0.1:{port}"
    job = {"job_name": "mailgate", "static_configs": [{"targets": list(targets)}]}
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config.write_text(json.dumps({"global": every, "rule_files": [str(RULES)], "scrape_configs": [job]}))
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"]  # fmt: skip
    with running(command, ready=answers(f"{url}/-/ready"), log=folder / "prometheus.log"):
        yield Prometheus(url)
