"""What an address asks of the devices is read in one way, and nothing of it is passed over."""

from datetime import timedelta

import pytest
from tests.unit.console.files import bundle
from tests.unit.store.examples import NOW

from mailgate.console.devices.filter import (
    READERS,
    SORTED,
    FilterChoices,
    ParsedFilter,
    filter_choices_of,
    read,
)
from mailgate.devices.trust import report_by
from mailgate.store import Store
from mailgate.store.device_rows import SORT_COLUMNS, DeviceFilter, DeviceRow

KNOWN = FilterChoices(
    apps={"tiktok": "TikTok", "wechat": "WeChat"},
    groups={"Finance": "Finance", "sales": "sales", "Sales": "Sales"},
    sources={"https://mdm.example.com": "mdm.example.com", "enrolled": "The device itself"},
    systems={"ios": "iOS"},
)


def asked(**values: str) -> ParsedFilter:
    return read(values.items(), KNOWN, NOW)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("app", "tiktok", "tiktok"), ("app", "TIKTOK", "tiktok"), ("app", "WeChat", "wechat"), ("blocked_by", "WeChat", "wechat"),
        ("group", "FINANCE", "Finance"), ("group", "sales", "sales"), ("group", "Sales", "Sales"),
        ("source", "HTTPS://MDM.example.com", "https://mdm.example.com"), ("source", "Mdm.Example.com", "https://mdm.example.com"),
        ("source", "the device ITSELF", "enrolled"), ("os", "iOS", "ios"), ("kind", " phone ", "phone"),
    ],
)  # fmt: skip
def test_a_value_is_found_by_key_or_words_in_any_case(name: str, value: str, meant: str) -> None:
    found = asked(**{name: value})
    assert (getattr(found.wanted, name), found.said, found.mistakes) == (meant, {name: meant}, ())


@pytest.mark.parametrize("name", [*READERS, "os", "source", "group", "app", "blocked_by"])
def test_no_value_that_cannot_be_meant_is_taken(name: str) -> None:
    (mistake,) = asked(**{name: "x" * 300}).mistakes
    assert mistake.name == name


@pytest.mark.parametrize(
    ("name", "value"), [("group", "SALES"), ("app", "tik"), ("source", "mdm"), ("os", "")]
)
def test_an_ambiguous_or_partial_value_is_a_mistake(name: str, value: str) -> None:
    assert len(asked(**{name: value}).mistakes) == bool(value)


def test_a_name_that_stands_twice_or_that_nothing_has_is_a_mistake() -> None:
    twice = read([("kind", "phone"), ("kind", "laptop"), ("sate", "lost")], KNOWN, NOW)
    assert [(each.name, each.value) for each in twice.mistakes] == [("kind", "laptop"), ("sate", "lost")]
    assert "did you mean state?" in twice.mistakes[1].words


@pytest.mark.parametrize("sort", SORT_COLUMNS)
def test_an_order_is_written_with_a_sign_or_in_a_word(sort: str) -> None:
    assert asked(sort=f"-{sort}").wanted == asked(sort=sort, order="descending").wanted
    assert asked(sort=sort).wanted == asked(sort=sort, order="ascending").wanted == DeviceFilter(sort=sort)
    assert {sort, f"-{sort}"} <= set(SORTED)


@pytest.mark.parametrize(
    ("value", "ago"),
    [
        ("7d", timedelta(days=7)),
        ((NOW - timedelta(hours=1)).isoformat().replace("+00:00", "z"), timedelta(hours=1)),
    ],
)
def test_a_time_is_so_many_days_ago_or_stands_there(value: str, ago: timedelta) -> None:
    assert asked(before=value).wanted.before == NOW - ago


def test_a_lost_device_has_no_other_access() -> None:
    assert asked(state="lost").wanted == asked(mail="lost").wanted == asked(state="lost", mail="lost").wanted
    row = DeviceRow(1, mail="lost", state="stale")
    assert asked(state="lost").wanted.fits(row)
    assert not asked(state="lost", mail="kept-out").wanted.fits(row)


async def test_every_source_and_system_that_a_device_has_is_known(store: Store) -> None:
    await store.devices.ingest([report_by("old-mdm", "1", "ada")], NOW)
    await store.rows.keep([DeviceRow((await store.devices.page())[0].number, source="old-mdm", os="beos")])
    known = await filter_choices_of(store, bundle())
    assert {"old-mdm", "enrolled"} <= set(known.sources)
    assert known.systems["beos"] == "beos"
    assert known.systems["ios"] == "iOS"
