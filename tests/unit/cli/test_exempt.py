"""``mailgate exempt add|list|end``."""

import json
from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import in_store, stopped_at
from tests.unit.rollout.examples import SHUT, rules
from tests.unit.store.examples import NOW

from mailgate.devices.trust import report_by
from mailgate.model import Kind
from mailgate.rollout import rule_texts_of
from mailgate.rollout.person import Person
from mailgate.store import Act, Store

FOR = ("--rule", "shut", "--reason", "a new phone", "--until", "2027-01-01")

run = partial(call, "exempt", config=True)


@pytest.fixture
def device(config: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a device, in a store where a rule is in force; the clock stands still."""
    monkeypatch.setattr("mailgate.cli.opened.datetime", stopped_at(NOW))
    monkeypatch.setattr("mailgate.cli.options.datetime", stopped_at(NOW))

    async def fill(store: Store) -> str:
        await store.policies.activate(rule_texts_of(rules(SHUT)), Act(NOW, "ada", "policy-activated"))
        await store.devices.ingest([report_by("intune", "i-1", "lin", kind=Kind.PHONE)], NOW)
        (known,) = await store.devices.owned("lin")
        return known.id

    return in_store(fill)


@pytest.mark.parametrize("admin", ["ada", "a.long.login.name.of.an.admin"])
def test_a_person_is_exempt_listed_and_no_longer(
    device: str, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.cli.admin.system_user", lambda: Person(admin, "desk"))
    given = run("add", "--person", "Lin", *FOR)
    assert given.exit_code == 0, given.output
    assert given.output.startswith("exemption 1: lin, rule shut, until 2027-01-01 00:00 UTC")
    shown = run("list").output
    assert ("a new phone" in shown, admin in shown) == (True, True)
    (told,) = json.loads(run("list", "--json").output)
    assert (told["person"], told["rule"], told["ended_at"]) == ("lin", "shut", None)
    ended = run("end", "1", "--note", "it came")
    assert ended.output == "ended exemption 1: lin\n"
    assert run("list").output == "Nobody is let in. People and devices with an exemption appear here.\n"
    (told,) = json.loads(run("list", "--all", "--json").output)
    assert told["ended_why"] == "it came"
    assert "it came" in run("list", "--all").output


def test_a_device_is_exempt_by_its_id_however_it_is_typed(device: str) -> None:
    typed = device.replace("-", "").upper()
    told = json.loads(run("add", "--device", typed, *FOR, "--json").output)
    assert (told["device"], told["person"]) == (device, "")


def test_a_name_of_several_devices_exempts_none_of_them(device: str) -> None:
    in_store(lambda store: store.devices.ingest([report_by("intune", "i-2", "lin")], NOW))
    refused = run("add", "--device", "lin", *FOR)
    assert (refused.exit_code, f"name one by its id: {device} (" in refused.output) == (1, True)


@pytest.mark.parametrize(
    ("whom", "code", "words"),
    [
        ((), 2, "either --person or --device"),
        (("--person", "lin", "--device", "x"), 2, "either --person or --device"),
        (("--device", "aaaa-bbbb-cccc"), 1, "no device is called"),
    ],
)
def test_an_exemption_is_for_one_known_person_or_device(
    device: str, whom: tuple[str, ...], code: int, words: str
) -> None:
    refused = run("add", *whom, *FOR)
    assert (refused.exit_code, words in refused.output) == (code, True)


def test_an_unknown_rule_or_exemption_is_refused(device: str) -> None:
    wrong = ("--rule", "shutt", *FOR[2:])
    assert "no rule is called `shutt`" in run("add", "--person", "lin", *wrong).output
    assert run("end", "7", "--note", "x").exit_code == 1
