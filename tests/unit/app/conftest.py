"""A store of its own for every test, the files of a small gate, and the parts of a service that has opened nothing."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.gateway.gates import gate
from tests.unit.store.conftest import store as store
from tests.unit.store.conftest import url as url

from mailgate.app import utc_now
from mailgate.app.admin_port import ConsoleParts
from mailgate.app.changes import ChangeDispatcher
from mailgate.app.heartbeat import FoundGates
from mailgate.app.in_force import FilesInForce, RulesInForce
from mailgate.app.public_ports import ports_for
from mailgate.app.readiness import ReadinessCheck
from mailgate.app.reload import ChangedFiles
from mailgate.app.request_sinks import RequestSinks
from mailgate.app.trust import Trust
from mailgate.app.workers import ALONE
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.attest.verifier import ReplayGuard
from mailgate.config import load_bundle
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.store import Backlog, StoreError

CONFIG = """
listen: 127.0.0.1:0
public_url: https://mail.example.com
upstream: {upstream}
admin_listen: 127.0.0.1:0
store: "sqlite:///gate.db"
limits: {{head_bytes: 16KiB, header_count: 50, body_bytes: 25MiB}}
tls: {{certificate: gate.pem, key: gate.key}}
timeouts: {{connect: 2s, head: 3s, response: 4s, idle: 5s, keep_alive: 6s}}
"""
POLICY = "rules:\n  - {id: closed, when: client.handheld, effect: block}\n"


@pytest.fixture
def bundle(tmp_path: Path, certificate):
    """Loads a small configuration with this upstream and these rules."""
    (tmp_path / "apps.yaml").write_text(
        "apps:\n  tiktok: {name: TikTok, names: [TikTok]}\nlists:\n  prohibited: [tiktok]\n"
    )

    def load(upstream="http://127.0.0.1:9080", policy=POLICY, more=""):
        (tmp_path / "policy.yaml").write_text(policy)
        (tmp_path / "mailgate.yaml").write_text(CONFIG.format(upstream=upstream) + more)
        return load_bundle(tmp_path / "mailgate.yaml", {"KEY": "secret"})

    return load


class StoreToAsk:
    """A store with the methods that readiness uses."""

    def __init__(self):
        self.lost = False
        self.ledger = SimpleNamespace(
            counts=SimpleNamespace(written=1, spooled=2, dropped=0),
            strangers_not_recorded=3,
            backlog=lambda: self.backlog,
        )
        self.reports = SimpleNamespace(backlog=Backlog)
        self.backlog = self.refused = Backlog()

    async def serial(self):
        return 0

    def refusal(self):
        return self.refused

    async def ping(self):
        if self.lost:
            raise StoreError


class Keeper:
    """Puts the offered rules in force."""

    held = ""
    is_undecided = False

    def __init__(self, rules):
        self.current = SimpleNamespace(
            rules=rules, activation=SimpleNamespace(number=3, serial=5, policy="p")
        )

    async def offer(self, files):
        self.current.rules = files
        return files

    async def refresh(self):
        pass


@pytest.fixture
def service(bundle):
    """The parts of a service, of which none is started."""
    first, on, store = bundle(), gate(), StoreToAsk()
    enroller = on.own.enrolling.enroller
    prover, registry = on.judge.prover, on.metrics.registry
    trust = Trust(ReplayGuard(), prover.keyring, prover.nonces, enroller.keys, enroller.revocations, utc_now)
    keeper, postures = Keeper(first.rules), SimpleNamespace(terms=first.posture_terms)
    files, reliefs = FilesInForce(first), ReliefWatch(store, utc_now)
    ports, sinks = ports_for(first.settings, on, ALONE), RequestSinks(on, ALONE)
    syncs = SimpleNamespace(health=dict, check_again=None, intake=None)
    looks = ChangeDispatcher(store, utc_now)
    rules = RulesInForce(
        looks, files, keeper, reliefs, trust, postures, on.in_force, on.metrics, asyncio.Event()
    )
    worker_metrics, found, stopping = WorkerMetrics(ALONE, registry), FoundGates(registry), asyncio.Event()
    reloader = SimpleNamespace(mistakes=[])
    others = reloader, syncs, worker_metrics, found, ALONE, stopping
    check = ReadinessCheck(files, rules, store, trust, *others)
    return SimpleNamespace(
        files=files, rules=rules, store=store, keeper=keeper, reliefs=reliefs, postures=postures, gate=on, ports=ports,
        sinks=sinks, reloader=reloader, stopping=stopping, check=check,
        console=ConsoleParts(Path("mailgate.yaml"), store, files, rules, syncs, worker_metrics, check),
        apply=ChangedFiles(files, rules, trust, on, postures, ports, sinks).apply,
    )  # fmt: skip
