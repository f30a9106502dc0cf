"""A gate for one test: ``mailgate run`` as a process, with settings of the test."""

import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.integration.forked import Forked, fork
from tests.servers import PATIENCE, descendants

PROXY = Path(__file__).parents[2] / "proxy"

APPS = {
    "apps": {"tiktok": {"name": "TikTok", "android": ["com.zhiliaoapp.musically"], "names": ["TikTok"]}},
    "lists": {"prohibited": ["tiktok"]},
}
PHONE_RULES = {
    "rules": [
        {"id": "laptop-browser", "when": 'client.kind == "laptop"', "effect": "allow"},
        {
            "id": "prohibited-app",
            "when": 'client.handheld && "prohibited" in device.lists',
            "effect": "block",
            "notice": {"fix": "remove-app", "contact": "it-help@example.com"},
        },
        {"id": "unproven-handheld", "when": 'client.handheld && device.state != "clean"', "effect": "block"},
        {"id": "clean-handheld", "when": "client.handheld", "effect": "allow"},
    ]
}
EVERYONE = {
    "default": {"effect": "block", "reason": "no-rule-matched"},
    "rules": [{"id": "everyone", "when": "true", "effect": "allow"}],
}

PAUSES = {
    "mailgate.app.heartbeat.BEAT_SECONDS": 2.5,
    "mailgate.app.mails.POLL_SECONDS": 0.5,
    "mailgate.cli.notices.POLL_SECONDS": 0.5,
    "mailgate.cli.policy.plan.POLL_SECONDS": 0.1,
    "mailgate.console.now.traffic.POLL_SECONDS": 2.5,
    "mailgate.gateway.streams.LASTS_AFTER": 1.0,
    "mailgate.gateway.streams.RECHECK_SECONDS": 0.2,
    "mailgate.store.ledger.REPEATED_INTERVAL": 0.5,
}
"""Seconds for which a process pauses in normal operation: shorter here, since a test could only wait until they are over."""


WRITES_SECONDS = 5.0


@dataclass
class Gate:
    """A running gate, its two addresses, and its log."""

    process: Forked
    public: tuple[str, int] = ("", 0)
    admin: tuple[str, int] = ("", 0)
    log: list[str] = field(default_factory=list, repr=False)
    _ready: threading.Event = field(default_factory=threading.Event)
    _reading: threading.Lock = field(default_factory=threading.Lock)
    _begun: bytes = b""

    def follow(self, stream: IO[bytes]) -> None:
        """Keep the gate's log until it ends. Runs in a thread of its own."""
        os.set_blocking(stream.fileno(), False)
        waiting = select.poll()
        waiting.register(stream, select.POLLIN)
        with suppress(OSError, ValueError):  # who has started the gate may close its log first
            while not stream.closed:
                waiting.poll()
                with self._reading:
                    if not self._read(stream):
                        stream.close()
        self._ready.set()

    def _read(self, stream: IO[bytes]) -> bool:
        """Keep what has been written by now. Returns whether more may come."""
        with suppress(BlockingIOError):
            while more := os.read(stream.fileno(), 65536):
                *lines, self._begun = (self._begun + more).split(b"\n")
                for line in lines:
                    self._keep(line)
            if self._begun:
                self._keep(self._begun)
                self._begun = b""
            return False
        return True

    def _keep(self, line: bytes) -> None:
        self.log.append(line.decode(errors="replace").rstrip())
        record = as_record(self.log[-1])
        if record.get("event") == "listening" and not self._ready.is_set():
            self.public, self.admin = address(record["public"]), address(record["admin"])
            self._ready.set()

    def wait_until_ready(self) -> None:
        self._ready.wait(PATIENCE)
        if not self.public[1]:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the gate did not start:\n" + "\n".join(self.log))

    def records(self) -> list[dict[str, Any]]:
        """The log with all that the gate has written by now; a line that is not a JSON object is an empty record."""
        with self._reading, suppress(OSError, ValueError):  # the log has ended, and all of it was read
            self._read(self.process.stderr)
        return [as_record(line) for line in list(self.log)]

    def has_written(self, decisions: int = 1, seconds: float = PATIENCE) -> bool:
        """Whether so many decisions at least are in the store, and none waits. What is read of the store before may lack one, and so may
        what is read after a stop: from a store that is slow just then, the last come into it with the next start."""
        with urlopen("http://{}:{}/readyz".format(*self.admin), timeout=seconds) as answer:
            ledger = json.load(answer)["ledger"]
        return bool(ledger["written"] >= decisions and not ledger["waiting"])

    def memory(self) -> int:
        """The most memory in bytes that the gate's processes held since ``forget_peak``."""
        return sum(_peak(pid) for pid in self._pids())

    def forget_peak(self) -> None:
        for pid in self._pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _pids(self) -> list[int]:
        return [self.process.pid, *descendants(self.process.pid)]

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Send SIGTERM and return the exit code. What waits for the store is given a moment before, since tests read it afterwards."""
        with suppress(OSError, KeyError, ValueError):  # it may be unready, or gone
            wait_for(lambda: self.has_written(0, WRITES_SECONDS), WRITES_SECONDS)
        self.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def as_record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def write_config(
    directory: Path, upstream: str, settings: Mapping[str, Any], policy: Mapping[str, Any] = EVERYONE
) -> Path:
    """Write the three files that a gate needs (JSON is YAML); the path of the settings."""
    defaults = {
        "listen": "127.0.0.1:0",
        "public_url": "http://mail.example.com",
        "hosts": ["127.0.0.1", "localhost", "mail.example.com"],
        "upstream": upstream,
        "admin_listen": "127.0.0.1:0",
        "store": f"sqlite:///{directory}/mailgate.db",
    }
    path = directory / "mailgate.yaml"
    path.write_text(json.dumps(defaults | settings, indent=1))
    (directory / "apps.yaml").write_text(json.dumps(APPS))
    (directory / "policy.yaml").write_text(json.dumps(policy))
    return path


def start_gate(config: Path, environment: Mapping[str, str] | None = None) -> Gate:
    """Start a gate and wait until it listens. ``environment``: variables besides those of the tests."""
    process = fork(["run", "--config", str(config)], config.parent, {**os.environ, **(environment or {})})
    gate = Gate(process)
    threading.Thread(target=gate.follow, args=(process.stderr,), daemon=True).start()
    gate.wait_until_ready()
    return gate


def wait_for(found: Any, seconds: float = PATIENCE) -> Any:
    """Ask until the answer is truthy, with growing pauses. Returns it, or the last answer after fewer ``seconds``."""
    start = time.monotonic()
    while not (answer := found()) and (waited := time.monotonic() - start) < seconds:
        time.sleep(
            min(max(0.05, waited / 5), 0.5)
        )  # an answer takes a gate some milliseconds of the processor
    assert answer or seconds < PATIENCE, "it never came"
    return answer
