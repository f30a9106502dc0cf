"""Whether an app on a list, or silence, makes a device better off than the same device without it."""

from datetime import timedelta

import pytest
from tests.unit.devices.test_posture import APP, CLEAN, FINE, MAX_AGE, NOW, TIKTOK, posture, said
from tests.unit.policy.examples import PHONE, access, policy_of
from tests.unit.store.examples import CATALOG

from mailgate.devices.device import Report
from mailgate.engine.decide import decide
from mailgate.model import Effect, Posture, PostureState
from mailgate.simulate import what_if

HOUR = timedelta(hours=1)
# config/examples/staged-rollout/policy.yaml, for everybody, while the rule about the app is rehearsed
STAGED = (
    {"id": "prohibited-app", "when": 'client.handheld && "prohibited" in device.lists', "stages": {"report_only": "2020-01-01"}},
    {"id": "fresh", "when": 'client.handheld && device.known && device.age > duration("6h")', "on_unavailable": "allow"},
    {"id": "unproven-handheld", "when": 'client.handheld && !(device.state in ["clean", "listed"])'},
    {"id": "clean-handheld", "when": "client.handheld", "effect": "allow"},
)  # fmt: skip


def effect(rules: tuple[dict[str, object], ...], known: Posture) -> Effect:
    return decide(access(PHONE, known, now=NOW), policy_of(*rules)).effect


def seen(source: str, hours: float, *, app: bool = False, complete: bool = True) -> Report:
    fields = CLEAN | {"reported_at": NOW - hours * HOUR, "apps_complete": complete} | (TIKTOK if app else {})
    return said(source, **fields)


def test_nobody_is_trusted_more_for_an_app_on_a_list() -> None:
    """The words of ``posture_of``. The last look at the whole device was seven hours ago; work apps were looked at just now."""
    without = posture(seen("mdm", 7), seen("work", 0.1, complete=False))
    assert without.state is PostureState.CLEAN
    assert effect(STAGED, without) is Effect.BLOCK
    with_app = posture(seen("mdm", 7), seen("work", 0.1, app=True, complete=False))
    assert with_app.state is PostureState.LISTED
    assert effect(STAGED, with_app) is Effect.BLOCK


def test_a_rehearsed_rule_changes_nothing() -> None:
    """Decision 1. The source that is believed most saw the app seven hours ago; another one looked at everything just now."""
    without = posture(seen("mdm", 7), seen("other", 0.1), precedence=("mdm",))
    assert effect(STAGED, without) is Effect.ALLOW
    with_app = posture(seen("mdm", 7, app=True), seen("other", 0.1), precedence=("mdm",))
    assert with_app.state is PostureState.LISTED
    assert effect(STAGED, with_app) is Effect.ALLOW


KEPT_OUT = (
    {"id": "prohibited-app", "when": 'client.handheld && "prohibited" in device.lists', "on_unavailable": "allow"},
    {"id": "handheld", "when": "client.handheld", "effect": "allow"},
)  # fmt: skip


@pytest.mark.parametrize("unreachable", [(), ("app",)])
@pytest.mark.parametrize("hours", [0, 23, 25])
def test_an_app_does_not_go_away_by_silence(unreachable: tuple[str, ...], hours: int) -> None:
    """docs/devices.md: "So `device.lists` names `prohibited` whatever the state is"."""
    known = posture(APP, now=NOW + hours * HOUR, unreachable=frozenset(unreachable))
    assert known.lists == ("prohibited",)
    assert effect(KEPT_OUT, known) is Effect.BLOCK


def test_the_report_that_is_told_is_one_report() -> None:
    """docs/pages.md: "`source`, `reported_at`, `expires_at`: the report that the state rests on"."""
    told = posture(seen("mdm", 20, app=True), seen("other", 0), precedence=("mdm",))
    ends = {"mdm": NOW - 20 * HOUR + MAX_AGE, "other": NOW + MAX_AGE}
    assert told.expires_at == ends[told.source]


def test_a_supposed_report_counts_no_longer_than_reports_do() -> None:
    gone = said("gone", gone=True, **CLEAN | TIKTOK | {"reported_at": NOW - 240 * HOUR})
    told = posture(gone, FINE, precedence=("gone",))
    assert told.state is PostureState.LISTED
    supposed = what_if.without_apps(access(PHONE, told, now=NOW), ("tiktok",), CATALOG)
    assert supposed.posture.expires_at is not None
    assert supposed.posture.expires_at - supposed.now <= MAX_AGE
