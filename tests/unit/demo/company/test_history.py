"""History: each version in force at its time, the mistaken one taken back, the gate's own rules last."""

from datetime import timedelta

import pytest
from tests.unit.demo.company.conftest import Made
from tests.unit.demo.examples import NOW

from mailgate.config import compile_rules
from mailgate.demo.company.history import _CHANGES, Era, in_force_at, policy_text, with_policy
from mailgate.errors import ConfigError
from mailgate.store import Store


async def test_the_last_version_is_that_of_the_files(store: Store, made: Made) -> None:
    newest, back, mistaken, before, *_ = await store.policies.history()
    kept = await store.policies.get(newest.number)
    assert kept is not None
    assert "groups.json" in kept.texts
    assert made.bundle.rules.texts.items() < kept.texts.items()
    assert back.digest == before.digest != mistaken.digest
    assert back.note.startswith("Sent in error")
    assert await store.policies.taken_back_serials() == {mistaken.serial}


async def test_changes_come_in_order_on_working_days_and_each_has_its_entry(store: Store) -> None:
    entries = await store.audit.page()
    times = [entry.at for entry in entries]
    assert times == sorted(times)
    assert [entry.what for entry in entries] == [
        *["policy-activated"] * 4,
        "policy-rolled-back",
        "policy-activated",
        *["exemption-given"] * 3,
        "exemption-ended",
        "rule-turned-off",
        "policy-planned",
    ]
    assert await store.audit.verify() == []


@pytest.mark.parametrize("day", range(7))
def test_on_whichever_day_it_is_made_the_order_is_the_same(day: int) -> None:
    times = [change.at(NOW + timedelta(days=day)) for change in _CHANGES]
    assert times == sorted(set(times))
    assert all(at.weekday() < 5 for at in times)


def test_the_version_started_last_decides(made: Made) -> None:
    early, late = (with_policy(made.bundle.rules, name, NOW).policy for name in ("first", "warning"))
    eras = [Era(NOW, early), Era(NOW + timedelta(days=1), late)]
    moments = (-1, 0, 1, 5)
    found = [in_force_at(eras, NOW + timedelta(days=days)).version for days in moments]
    assert found == [early.version, early.version, late.version, late.version]


def test_rules_without_the_apps_that_the_history_speaks_of_are_named() -> None:
    apps = "apps: {tiktok: {name: TikTok}}\nlists: {banned: [tiktok]}\n"
    others = compile_rules({"apps.yaml": apps, "policy.yaml": policy_text("first")})
    with pytest.raises(ConfigError, match="prohibited"):
        with_policy(others, "warning", NOW)
