"""What one gate knows of rules that are out."""

from datetime import timedelta
from types import SimpleNamespace

from structlog.testing import capture_logs
from tests.unit.store.examples import NOW
from tests.unit.store.outage import away

from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout.relief_watch import ReliefWatch
from mailgate.store import Act, Store

HALT = Relief(0, Cause.HALT, "shut", "20 people asked for help", "gate-1", NOW)
EXEMPT = Relief(0, Cause.EXEMPTION, "shut", "ada's new phone", "grace", NOW, NOW + timedelta(hours=1), "ada")
ACT = Act(NOW, "grace", "x")


async def test_a_change_elsewhere_is_seen_once_and_is_loud(store: Store) -> None:
    watch = ReliefWatch(store.reliefs, lambda: NOW)
    await watch.start()
    assert not await watch.refresh()
    given = await store.reliefs.grant(HALT, ACT)
    with capture_logs() as logs:
        assert await watch.refresh()
        assert not await watch.refresh()
    assert [each.rule for each in watch.off()] == ["shut"]
    assert [(line["event"], line["log_level"], line["rule"], line["cause"]) for line in logs] == [
        ("rule-off", "error", "shut", "halt")
    ]
    await store.reliefs.end([given.number], ACT)
    with capture_logs() as logs:
        assert await watch.refresh()
    assert [line["event"] for line in logs] == ["rule-on-again"]


async def test_it_is_loud_at_every_start_and_an_exemption_never_is(store: Store) -> None:
    await store.reliefs.grant(HALT, ACT)
    await store.reliefs.grant(EXEMPT, ACT)
    watch = ReliefWatch(store.reliefs, lambda: NOW)
    with capture_logs() as logs:
        await watch.start()
    assert [line["event"] for line in logs] == ["rule-off"]
    assert len(watch.exemptions()) == 1


async def test_while_the_store_is_away_what_was_known_goes_on_up_to_its_end(store: Store) -> None:
    await store.reliefs.grant(EXEMPT, ACT)
    now = NOW
    watch = ReliefWatch(store.reliefs, lambda: now)
    await watch.start()
    watch._stored = SimpleNamespace(serial=away)  # type: ignore[assignment]
    assert not await watch.refresh()
    assert len(watch.exemptions()) == 1
    now = NOW + timedelta(hours=1)
    assert watch.exemptions() == ()
