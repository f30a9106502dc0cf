"""Whom a rule about an app would meet: each step by what is known, and what is not known a row of its own."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.drafted import written
from tests.unit.console.phones import has, record

from mailgate.console.apps import what_if as module
from mailgate.console.apps.what_if import what_if
from mailgate.console.devices.rows import catch_up
from mailgate.model import Kind
from mailgate.policy.edits import ProhibitEdit
from mailgate.store.schema import laptop_readers

GROUPS = '{"groups": {"sales": ["alice", "bob", "eve"], "lawyers": ["cy"]}}'


async def filled(firm: Company) -> None:
    (firm.folder / "groups.yaml").write_text(GROUPS)
    await written(firm, share="100%")
    await has(
        firm,
        *(record(f"{name}1", name, "wechat") for name in ("alice", "bob", "cy")),
        record("t1", "tom", "wechat", kind=Kind.TABLET),
        record("l1", "alice", "wechat", kind=Kind.LAPTOP),
        record("u1", "una", "wechat", kind=Kind.UNKNOWN),
        replace(record("n1", "x", "wechat"), owner=""),
        record("o1", "ole", "tiktok"),
    )
    await catch_up(firm.store, firm.bundle, NOW)


def edit(**fields: object) -> ProhibitEdit:
    told = {"change": "prohibit", "app": "wechat", "rule": "wechat", "words": "No WeChat"} | fields
    return ProhibitEdit.model_validate(told)


async def test_a_person_counts_once_and_by_each_step(firm: Company) -> None:
    await filled(firm)
    found = await what_if(firm.store, firm.bundle, edit(groups=("sales",)))
    assert [(each.name, each.people) for each in found.steps] == [
        ("have", 5),
        ("where", 4),
        ("groups", 2),
        ("share", 2),
    ]
    assert found.steps[2].others == ["cy", "tom"]
    assert [each.person for each in found.affected if each.sure] == ["alice", "bob"]
    assert [(each.name, each.people, each.members, each.chosen) for each in found.groups] == [
        ("sales", 2, 3, True),
        ("lawyers", 1, 1, False),
    ]


async def test_a_device_of_unknown_kind_or_owner_is_never_nobody(firm: Company) -> None:
    await filled(firm)
    found = await what_if(firm.store, firm.bundle, edit())
    assert (found.unknown, found.nameless, found.people) == (["una"], 1, 4)
    assert [(each.person, each.sure) for each in found.affected][-1] == ("una", False)
    tablets = await what_if(firm.store, firm.bundle, edit(where="tablets"))
    assert (tablets.people, tablets.unknown) == (1, ["una"])


async def test_a_bigger_share_keeps_everybody_of_a_smaller_one(firm: Company) -> None:
    await filled(firm)
    half, whole = [await what_if(firm.store, firm.bundle, edit(share=share)) for share in ("50%", "100%")]
    assert {each.person for each in half.affected} <= {each.person for each in whole.affected}
    assert list(whole.shares.values()) == sorted(whole.shares.values())
    assert whole.shares["100%"] == whole.people


async def test_who_gets_no_mail_already_is_told_apart(firm: Company) -> None:
    await filled(firm)
    found = await what_if(firm.store, firm.bundle, edit(app="tiktok"))
    assert [(each.name, each.people) for each in found.steps] == [("have", 1), ("where", 1), ("share", 1)]
    rows = await firm.store.rows.with_app("tiktok", 10)
    await firm.store.rows.keep([row._replace(mail="kept-out") for row in rows])
    found = await what_if(firm.store, firm.bundle, edit(app="tiktok"))
    assert [(each.name, each.people, each.others) for each in found.steps][2] == ("mail", 0, ["ole"])


async def test_beyond_a_number_of_devices_the_count_says_that_it_is_none(
    firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(firm)
    assert (await what_if(firm.store, firm.bundle, edit())).whole
    monkeypatch.setattr(module, "MOST", 2)
    found = await what_if(firm.store, firm.bundle, edit())
    assert (found.whole, found.devices) == (False, 2)


async def test_mail_on_a_laptop_is_told_only_if_it_is_on_record(firm: Company) -> None:
    await filled(firm)
    assert (await what_if(firm.store, firm.bundle, edit())).on_laptop == 0
    read = {"person": "alice", "os": "macos", "named_at": None, "bare_at": None}
    ago = {"Chrome": timedelta(days=1), "Firefox": timedelta(hours=2)}
    async with firm.store._database.writing() as connection:
        rows = [read | {"browser": name, "seen_at": NOW - each} for name, each in ago.items()]
        await connection.execute(insert(laptop_readers), rows)
    found = await what_if(firm.store, firm.bundle, edit())
    assert found.on_laptop == 1
    times = {each.person: each.laptop_at for each in found.affected}
    assert (times["alice"], times["bob"]) == (NOW - timedelta(hours=2), None)
