"""A request that names two devices, by its certificate and by its token: docs/forward-auth.md says that a yes is kept "never longer than
until a stage begins, or a report or token runs out"."""

from datetime import timedelta

from tests.unit.devices.test_posture import NOW, posture, said
from tests.unit.policy.examples import PHONE, access, policy_of

from mailgate.devices.posture import strictest
from mailgate.model import Effect
from mailgate.policy.decide import decide
from mailgate.policy.decision_key import DecisionKey

SECOND = timedelta(seconds=1)
POLICY = policy_of(
    {"id": "silent", "when": 'device.state == "stale"'}, {"id": "handheld", "when": "client.handheld", "effect": "allow"}
)  # fmt: skip
ENDS_SOON = said("mdm", reported_at=NOW, apps_complete=True, expires_at=NOW + SECOND)
IN_PART = said("work", reported_at=NOW, apps_complete=False)


def test_a_verdict_of_two_devices_lasts_until_the_first_end() -> None:
    def at(now):  # type: ignore[no-untyped-def]
        both = [posture(report, now=now) for report in (ENDS_SOON, IN_PART)]
        return access(PHONE, strictest(both), now=now)

    first, later = at(NOW), at(NOW + SECOND)
    assert decide(first, POLICY).effect is Effect.ALLOW
    assert decide(later, POLICY).effect is Effect.BLOCK
    assert DecisionKey(POLICY).until(first, decide(first, POLICY)) <= NOW + SECOND
