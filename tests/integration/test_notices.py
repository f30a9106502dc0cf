"""Mails about rules through the real command and a real mail server: everybody concerned gets one, nobody two."""

import asyncio
import json
import signal
import sqlite3
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from tests.integration.commands import run
from tests.integration.gate import APPS, start_gate, wait_for, write_config
from tests.integration.killed_while_mailing import DEATH
from tests.integration.mail_sink import MailSink, mail_sink

from mailgate.cli.notices import deliver, settings_of, subject_of
from mailgate.config import Bundle, Rules, compile_rules, load_bundle
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.mail.composer import address_book, message_id
from mailgate.mail.corrections import correct
from mailgate.mail.postman import settle
from mailgate.mail.recipient_list import data_scope_of, list_recipients, queue
from mailgate.model import AppsReport, Kind
from mailgate.rollout import rule_texts_of
from mailgate.rollout.activation import retract
from mailgate.rollout.person import Person
from mailgate.store import Act, MailKind, MailState, Store

OPEN: dict[str, Any] = {"rules": [{"id": "everyone", "when": "true", "effect": "allow"}]}
APP_RULE = {
    "id": "prohibited-app",
    "title": "Phones with a prohibited app get no company mail",
    "when": 'client.handheld && "prohibited" in device.lists',
    "effect": "block",
    "notice": {"fix": "remove-app", "contact": "it-help@example.com"},
}
SHUT = {"rules": [APP_RULE, *OPEN["rules"]]}
PEOPLE = [f"person-{number}" for number in range(6)]
"""All but the last have the app."""
HIT = [f"{name}@example.com" for name in PEOPLE[:-1]]
POINTS = [
    ("queue", "before"),
    ("queue", "after"),
    ("prepare", "after"),
    ("begin", "before"),
    ("begin", "after"),
    ("commit_delivery", "after"),
    ("end", "after"),
]
CORRECTING = [
    ("queue", "before"),
    ("queue", "after"),
    ("note_search", "before"),
    ("note_search", "after"),
    *POINTS[3:],
]
UNSURE = {("begin", "after"), ("commit_delivery", "after")}
"""Where a mail server may have taken a mail, and only a person can find out."""

DESK = Person("ada", "desk")


class Desk:
    """A store with people in it, its settings, and the commands of somebody who sits before them."""

    def __init__(self, folder: Path, notices: dict[str, Any], store: str = "") -> None:
        self.folder = folder
        self.url = store or f"sqlite:///{folder}/mailgate.db"
        common = {"sender": "it-help@example.com", "domain": "example.com", "rate": 100_000}
        named = {"notices": notices | common, "store": self.url}
        self.config = write_config(folder, "http://127.0.0.1:9", named, OPEN)
        asyncio.run(self._fill())

    async def _fill(self) -> None:
        store = await Store.open(self.url)
        await store.policies.activate(
            rule_texts_of(rules(OPEN)), Act(datetime.now(UTC), "file", "policy-activated")
        )
        await store.devices.ingest([phone(name, "tiktok") for name in PEOPLE[:-1]], datetime.now(UTC))
        await store.devices.ingest([phone(PEOPLE[-1])], datetime.now(UTC))
        await store.close()

    def activate(self, policy: dict[str, Any]) -> None:
        async def put() -> None:
            store = await Store.open(self.url)
            act = Act(datetime.now(UTC), "ada", "policy-activated")
            await store.policies.activate(rule_texts_of(rules(policy)), act)
            await store.close()

        asyncio.run(put())

    def run(
        self, *arguments: str, dying: tuple[str, str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return run(self.config, *arguments, **({DEATH: " ".join(dying)} if dying else {}))

    def told(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def send(self, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run("notices", "send", "prohibited-app", "--kind", "enforced", "--yes", "--json", **more)

    async def goes_on(self, taken: set[str]) -> tuple[dict[MailState, int], int]:
        """The command again, once the lease of the dead has run out, and a person who knows which mails were taken.

        What became of all, and how many the person had to look at.
        """
        self._free()
        bundle = replace(load_bundle(self.config), rules=rules(SHUT))
        store = await Store.open(self.url)
        try:
            await list_and_queue(store, bundle)
            return await self._sent(store, bundle, taken)
        finally:
            await store.close()

    async def corrects(self, taken: set[str]) -> tuple[dict[MailState, int], int]:
        """The same for corrections: whoever comes next, a command or a gate, looks for who is to be corrected."""
        self._free()
        bundle = load_bundle(self.config)
        store = await Store.open(self.url)
        try:
            known, book = data_scope_of(bundle), address_book(settings_of(bundle))
            now = datetime.now(UTC)
            for each in (now, now + timedelta(minutes=5)):  # it looks again for who is written down late
                await correct(store, known, book, DESK, each)
            return await self._sent(store, bundle, taken)
        finally:
            await store.close()

    async def tell_and_take_back(self) -> None:
        """Write to everybody about the rule, and take it back."""
        bundle = replace(load_bundle(self.config), rules=rules(SHUT))
        store = await Store.open(self.url)
        try:
            await list_and_queue(store, bundle)
            await deliver(store, bundle, settings_of(bundle), DESK)
            await retract(store, DESK, "sent in error", datetime.now(UTC))
        finally:
            await store.close()

    def _free(self) -> None:
        """What the dead held runs out."""
        with sqlite3.connect(self.folder / "mailgate.db") as database:
            database.execute("DELETE FROM leases")
        database.close()

    async def _sent(self, store: Store, bundle: Bundle, taken: set[str]) -> tuple[dict[MailState, int], int]:
        notices = settings_of(bundle)
        await deliver(store, bundle, notices, DESK)
        unsure = await store.mails.page(states=[MailState.UNSURE])
        for each in unsure:
            known = message_id(each.id, notices.domain) in taken
            await settle(store, [each.id], DESK, datetime.now(UTC), sent=known)
        await deliver(store, bundle, notices, DESK)
        counts = Counter[MailState]()
        for found in await store.mails.counts():
            counts[found.state] += found.count
        return dict(counts), len(unsure)

    def states(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for each in self.told("notices", "status"):
            counts[each["state"]] = counts.get(each["state"], 0) + each["count"]
        return counts


async def list_and_queue(store: Store, bundle: Bundle) -> None:
    """Queue the mails about the rule, as the command does."""
    now = datetime.now(UTC)
    active, topic = await subject_of(store, bundle, "prohibited-app", MailKind.ENFORCED, now)
    scope, addresses = data_scope_of(bundle), address_book(settings_of(bundle))
    found = await list_recipients(store, bundle.rules, active, topic, scope, addresses, now, lambda *_: None)
    await queue(store, found.mails, DESK, topic, now)


def rules(policy_file: dict[str, Any]) -> Rules:
    return compile_rules({"apps.yaml": json.dumps(APPS), "policy.yaml": json.dumps(policy_file)})


def phone(owner: str, *apps: str) -> Report:
    seen = AppsReport(frozenset(apps), True, datetime.now(UTC))
    return report_by("mdm", f"phone-of-{owner}", owner, Kind.PHONE, "ios", apps=seen)


def smtp(sink: MailSink) -> dict[str, Any]:
    return {"smtp": f"127.0.0.1:{sink.port}", "security": "none"}


def files(folder: Path) -> list[str]:
    """To whom the mails in an outbox go."""
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]
    return sorted(str(mail["To"]) for mail in found)


def test_exactly_the_affected_people_get_one_mail_and_one_correction(tmp_path: Path) -> None:
    with mail_sink() as sink:
        desk = Desk(tmp_path, smtp(sink))
        early = desk.send()
        assert (early.returncode, sink.taken) == (1, [])
        assert "not in the running version 1" in early.stderr

        desk.activate(SHUT)
        counted = desk.told("notices", "send", "prohibited-app", "--kind", "enforced", "--dry-run")
        assert (counted["to_write"], sink.taken) == (5, [])
        for _ in range(2):
            assert desk.send().returncode == 0
        assert sink.recipients() == HIT
        mail = sink.taken[0]
        text, html = (mail.get_body([form]).get_content() for form in ("plain", "html"))  # type: ignore[union-attr]
        for said in ("TikTok", "Remove App", "laptop browser is not affected", "it-help@example.com"):
            assert said in text, text
            assert said in html

        retracted = desk.run("policy", "rollback", "--note", "sent in error")
        assert retracted.returncode == 0, retracted.stderr
        assert sink.recipients() == HIT
        for _ in range(2):
            desk.told("notices", "correct")
        assert sink.recipients() == sorted(HIT * 2)
        correction = sink.taken[-1].get_body(["plain"]).get_content()  # type: ignore[union-attr]
        assert "were changed and then rolled back" in correction
        assert "There is nothing that you need to do." in correction

        acts = [(each["what"], each["details"]) for each in desk.told("audit", "list")]
        assert ("notices-queued", {"kind": "enforced", "mails": 5}) in acts
        assert ("corrections-queued", {"mails": 5, "nameless": 0}) in acts
        assert [details for what, details in acts if what == "notices-sent"] == [{"sent": 5}] * 2
        assert "person-" not in json.dumps(desk.told("audit", "list"))
        assert desk.told("audit", "verify")["ok"]


@pytest.mark.parametrize("point", POINTS, ids="-".join)
@pytest.mark.parametrize("way", ["smtp", "outbox"])
def test_a_sender_that_dies_loses_nobody_and_writes_nobody_twice(
    tmp_path: Path, way: str, point: tuple[str, str]
) -> None:
    with mail_sink() as sink:
        desk = Desk(tmp_path, smtp(sink) if way == "smtp" else {"outbox": "out"})
        desk.activate(SHUT)
        number = "1" if point[0] == "queue" else "3"
        assert desk.send(dying=(*point, number)).returncode == -signal.SIGKILL
        states, unsure = asyncio.run(desk.goes_on({str(mail["Message-ID"]) for mail in sink.taken}))
        assert unsure == (way == "smtp" and point in UNSURE)
        assert (sink.recipients() if way == "smtp" else files(tmp_path / "out")) == HIT
        assert states == {MailState.SENT: 5}


@pytest.mark.parametrize("point", CORRECTING, ids="-".join)
def test_a_corrector_that_dies_loses_nobody_and_corrects_nobody_twice(
    tmp_path: Path, point: tuple[str, str]
) -> None:
    with mail_sink() as sink:
        desk = Desk(tmp_path, smtp(sink))
        desk.activate(SHUT)
        asyncio.run(desk.tell_and_take_back())
        number = "1" if point[0] in ("queue", "note_search") else "3"
        assert desk.run("notices", "correct", dying=(*point, number)).returncode == -signal.SIGKILL
        states, unsure = asyncio.run(desk.corrects({str(mail["Message-ID"]) for mail in sink.taken}))
        assert unsure == (point in UNSURE)
        assert sink.recipients() == sorted(HIT * 2)
        assert states == {MailState.SENT: 10}


def test_refused_mails_fail_or_wait_and_lost_answers_are_unsure(tmp_path: Path) -> None:
    answers = {HIT[0]: "550 5.1.1 no such user", HIT[1]: "451 4.3.0 later", HIT[2]: "554 5.7.1 not this"}
    with mail_sink() as sink:
        sink.at_rcpt = lambda address: answers.get(address) if address != HIT[2] else None
        sink.at_data = lambda mail: answers.get(str(mail["To"])) if mail["To"] == HIT[2] else None
        sink.hang_up = {HIT[3]}
        desk = Desk(tmp_path, smtp(sink))
        desk.activate(SHUT)
        assert desk.send().returncode == 0
        listed = {each["address"]: (each["state"], each["why"]) for each in desk.told("notices", "list")}
        assert {address: listed[address] for address in HIT[:3]} == {
            HIT[0]: ("failed", "550"),
            HIT[1]: ("queued", "451"),
            HIT[2]: ("failed", "554"),
        }
        assert listed[HIT[3]][0] == "unsure"
        assert listed[HIT[4]][0] == "sent"
        assert sink.recipients() == HIT[3:]


def test_a_mail_server_that_is_away_loses_nothing(tmp_path: Path) -> None:
    with mail_sink() as sink:
        desk = Desk(tmp_path, smtp(sink))
    desk.activate(SHUT)
    away = desk.send()
    assert away.returncode == 1
    assert "no mail can be sent now" in away.stderr
    assert desk.states() == {"queued": 5}
    with mail_sink(port=sink.port) as back:
        assert desk.send().returncode == 0
        assert back.recipients() == HIT


def test_mails_queued_before_a_roll_back_are_never_sent(tmp_path: Path) -> None:
    with mail_sink() as sink:
        desk = Desk(tmp_path, smtp(sink))
        desk.activate(SHUT)
        queued = desk.run("notices", "send", "prohibited-app", "--kind", "enforced", "--yes", "--no-wait")
        assert queued.returncode == 0, queued.stderr
        desk.run("policy", "rollback", "--note", "sent in error")
        desk.told("notices", "correct")
        assert sink.taken == []
        assert desk.states() == {"withdrawn": 5}


def test_a_notice_before_the_day_names_the_day(tmp_path: Path) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    staged = APP_RULE | {"stages": {"report_only": "2026-01-01", "enforce": start.isoformat()}}
    desk = Desk(tmp_path, {"outbox": "out"})
    desk.activate({"rules": [staged, *OPEN["rules"]]})
    told = desk.told("notices", "preview", "prohibited-app", "--language", "de", "--person", PEOPLE[0])
    assert f"{start.day}. " in told["text"]
    assert "öffnet sich Firmen-E-Mail auf dem unten genannten Gerät nicht mehr" in told["text"]
    nobody = desk.run("notices", "preview", "prohibited-app", "--person", PEOPLE[-1])
    assert nobody.returncode == 1
    assert not (tmp_path / "out").exists()


def test_two_gates_send_one_copy_and_correct_by_themselves(tmp_path: Path) -> None:
    with mail_sink() as sink:
        (tmp_path / "one").mkdir()
        desk = Desk(tmp_path / "one", smtp(sink), f"sqlite:///{tmp_path}/shared.db")
        other = tmp_path / "other"
        other.mkdir()
        settings = json.loads(desk.config.read_text())
        write_config(other, "http://127.0.0.1:9", settings, OPEN)
        gates = [start_gate(desk.config), start_gate(other / "mailgate.yaml")]
        try:
            desk.activate(SHUT)
            queued = desk.run("notices", "send", "prohibited-app", "--kind", "enforced", "--yes", "--no-wait")
            assert queued.returncode == 0, queued.stderr
            assert wait_for(lambda: len(sink.taken) >= 5)
            desk.run("policy", "rollback", "--note", "sent in error")
            assert wait_for(lambda: len(sink.taken) >= 10)
            logs = "\n".join(line for gate in gates for line in gate.log)
        finally:
            for gate in gates:
                assert gate.stop() == 0, "\n".join(gate.log[-20:])
        assert sink.recipients() == sorted(HIT * 2)
        assert desk.states() == {"sent": 10}
        assert "notice-sent" in logs
        assert "person-" not in logs
