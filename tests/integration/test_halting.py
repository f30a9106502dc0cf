"""Rules that are out: by themselves, by a person, for a person; at every gate on the store, and after a restart."""

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from tests.integration.commands import output_of
from tests.integration.gate import Gate, wait_for, write_config
from tests.integration.test_versions import of_any_store, ready
from tests.integration.test_versions import start as start
from tests.integration.test_versions import url as url

from mailgate.store import Store

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
Start = Callable[[str], Gate]


def rules(**more: Any) -> dict[str, Any]:
    shut = {"id": "no-phones", "when": "client.handheld", "effect": "block"} | more
    return {"rules": [shut, {"id": "open", "when": "true", "effect": "allow"}]}


def prepare(folder: Path, store: str, policy: dict[str, Any]) -> None:
    folder.mkdir()
    write_config(folder, "http://127.0.0.1:9", {"store": store, "trusted_proxies": ["127.0.0.1"]}, policy)


def ask(
    gate: Gate, person: str, path: str = "/", form: dict[str, str] | None = None, cookie: str = ""
) -> tuple[int, str]:
    """What a person gets at a gate behind a proxy that knows them; the webmail is not there, so 502 is its place."""
    headers = {"User-Agent": IPHONE, "X-Forwarded-User": person, "Accept": "text/html", "Cookie": cookie}
    body = urlencode(form).encode() if form else None
    try:
        with urlopen(Request(f"http://{gate.public[0]}:{gate.public[1]}{path}", body, headers)) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def blocked(gate: Gate, person: str) -> bool:
    return ask(gate, person)[0] == 403


def ask_for_help(gate: Gate, person: str, words: str = "") -> None:
    """Press the button on the page of a refusal."""
    status, page = ask(gate, person)
    assert status == 403
    ticket = re.search(r'name="refusal" value="([^"]+)"', page)
    assert ticket is not None
    status, page = ask(gate, person, "/.mailgate/help", {"refusal": ticket[1], "words": words})
    assert (status, "Your request for help is noted" in page) == (200, True)


def command(folder: Path, *arguments: str) -> str:
    """What a command says that is run on the files in this folder."""
    return output_of(folder / "mailgate.yaml", *arguments)


def test_a_rule_halts_everywhere_by_the_people_it_refuses(start: Start, url: str, tmp_path: Path) -> None:
    policy = rules(halt_when={"block_rate": "40%", "at_least": 3})
    for name in ("one", "other"):
        prepare(tmp_path / name, url, policy)
    one, other = start("one"), start("other")
    for _ in range(10):
        assert blocked(one, "ada"), "one person alone halts nothing"
    assert blocked(one, "lin")
    assert blocked(other, "grace")
    assert blocked(one, "joan")
    assert wait_for(lambda: not blocked(one, "ada") and not blocked(other, "ada"))
    (told,) = ready(other)["rules"]["off"]
    assert told.startswith("no-phones: off by itself, since")
    assert told.endswith("3 of 3 people were refused within 1h; the limit is 40%")
    assert ready(one)["ready"]
    assert any(each.get("event") == "rule-off" for each in other.records())

    other.stop()
    other = start("other")
    assert not blocked(other, "grace"), "a restart changes nothing"
    assert "# OFF no-phones: off by itself" in command(tmp_path / "one", "policy", "show")
    assert "rule-halted" in command(tmp_path / "one", "audit", "list", "--json")

    command(tmp_path / "one", "policy", "resume", "no-phones", "--note", "looked at")
    assert wait_for(lambda: blocked(one, "ada") and blocked(other, "ada"))
    assert not ready(one)["rules"]["off"]


@of_any_store
def test_a_rule_halts_by_the_people_who_ask_for_help(start: Start, url: str, tmp_path: Path) -> None:
    prepare(tmp_path / "one", url, rules(halt_when={"help_requests": 2}))
    prepare(tmp_path / "other", url, rules(halt_when={"help_requests": 2}))
    one, other = start("one"), start("other")
    for _ in range(3):
        ask_for_help(one, "ada")
    assert blocked(one, "ada")
    (told,) = json.loads(command(tmp_path / "one", "help-requests", "--json"))
    assert (told["person"], told["rule"], told["times"]) == ("ada", "no-phones", 3)
    ask_for_help(other, "lin")
    assert wait_for(lambda: not blocked(one, "ada") and not blocked(other, "ada"))


@of_any_store
def test_words_and_their_answer_stand_on_the_page_of_any_gate_for_this_person_alone(
    start: Start, url: str, tmp_path: Path
) -> None:
    for name in ("one", "other"):
        prepare(tmp_path / name, url, rules())
    one, other = start("one"), start("other")
    ask_for_help(one, "ada", "I deleted it.\nI am travelling.")
    (told,) = json.loads(command(tmp_path / "one", "help-requests", "--json"))
    assert told["words"] == "I deleted it.\nI am travelling."

    async def answer() -> None:
        store = await Store.open(url)
        await store.help_requests.answered("ada", datetime.now(UTC), "Open the app once.")
        await store.close()

    asyncio.run(answer())
    mark = sha256(b"no-phones").hexdigest()[:16]
    cookie = f"mailgate-help={'0' * 32}.{mark}.{int(time.time())}"
    for gate in (one, other):
        status, page = ask(gate, "ada", cookie=cookie)
        assert (status, "Open the app once." in page, "I am travelling." in page) == (403, True, True)
        status, page = ask(gate, "lin", cookie=cookie)
        assert (status, "Open the app once." in page, "I am travelling." in page) == (403, False, False)
        assert not any("travelling" in json.dumps(record) for record in gate.records())


@of_any_store
def test_an_exemption_counts_at_two_gates_for_one_person_until_it_is_ended(
    start: Start, url: str, tmp_path: Path
) -> None:
    for name in ("one", "other"):
        prepare(tmp_path / name, url, rules())
    one, other = start("one"), start("other")
    given = ("--rule", "no-phones", "--reason", "a new phone", "--until", "2999-01-01")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        command(tmp_path / "one", "exempt", "add", "--person", "Ada", *given)
    assert "choose an end within 366 days" in refused.value.stderr
    soon = command(tmp_path / "one", "exempt", "add", "--person", "Ada", *given[:-1], _in_a_month())
    assert soon.startswith("exemption 1: ada")
    assert wait_for(lambda: not blocked(one, "ada") and not blocked(other, "ada"))
    assert blocked(one, "lin")
    assert [ready(gate)["rules"]["exemptions"] for gate in (one, other)] == [1, 1]
    command(tmp_path / "other", "exempt", "end", "1", "--note", "it came")
    assert wait_for(lambda: blocked(one, "ada") and blocked(other, "ada"))


@of_any_store
def test_an_exemption_that_runs_out_is_over_with_the_next_request(
    start: Start, url: str, tmp_path: Path
) -> None:
    """Nobody does anything at that moment, and the same request was let in just before."""
    prepare(tmp_path / "one", url, rules())
    one = start("one")
    assert blocked(one, "ada")
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=15)
    given = ("--rule", "no-phones", "--reason", "a new phone", "--until", end.isoformat())
    command(tmp_path / "one", "exempt", "add", "--person", "ada", *given)
    assert wait_for(lambda: not blocked(one, "ada"))
    while datetime.now(UTC) < end:
        let_in = not blocked(one, "ada")
        assert let_in or datetime.now(UTC) >= end
        time.sleep(0.05)
    assert blocked(one, "ada")


@of_any_store
def test_break_glass_turns_a_rule_off_at_once(start: Start, url: str, tmp_path: Path) -> None:
    prepare(tmp_path / "one", url, rules())
    one = start("one")
    assert blocked(one, "ada")
    off = ("policy", "break-glass", "no-phones", "--note", "wrong", "--until", "2999-01-01")
    command(tmp_path / "one", *off)
    assert wait_for(lambda: not blocked(one, "ada"))
    command(tmp_path / "one", "policy", "resume", "no-phones", "--note", "right again")
    assert wait_for(lambda: blocked(one, "ada"))


def _in_a_month() -> str:
    return f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
