"""The clients of the soak read answers to their end, and its changes are complete files."""

import asyncio
import json
from pathlib import Path

import pytest
from benchmarks.soak import REPORTED, answer, change_rules, report_phones


@pytest.mark.parametrize(
    ("sent", "headless", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", False, "200"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n", False, "200"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", True, "200"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", False, "304"),
    ],
)
async def test_an_answer_is_read_to_its_end(sent: bytes, headless: bool, status: str) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(sent)
    reader.feed_eof()
    assert await answer(reader, headless) == status
    assert reader.at_eof()


async def test_an_answer_that_breaks_off_is_none() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
    reader.feed_eof()
    with pytest.raises(EOFError):
        await answer(reader, False)


def test_rules_change_each_minute_and_stay_the_same_rules(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("# head\nrules: []\n")
    for minute in (1, 2):
        change_rules(tmp_path / "mailgate.yaml", minute)
        assert policy.read_text() == f"# minute {minute}\nrules: []\n"


def test_an_inventory_has_every_phone_as_of_now(tmp_path: Path) -> None:
    report_phones(tmp_path)
    lines = [json.loads(each) for each in (tmp_path / "phones.jsonl").read_text().splitlines()]
    assert (len(lines), len({each["id"] for each in lines})) == (REPORTED, REPORTED)
    assert all(each["reported_at"] and each["apps"] == [] for each in lines)
