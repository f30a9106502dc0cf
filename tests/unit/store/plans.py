"""A plan to keep, and a person whom it moves."""

from tests.unit.store.examples import NOW

from mailgate.policy.simulate.impact import Mover
from mailgate.store import Act, RuleTexts, StoredPlan

DRAFT = RuleTexts("p2", {"policy.yaml": "rules: []\n"})
PLAN = StoredPlan("abcdef01", 3, DRAFT, "{}", "ada", NOW)
ACT = Act(NOW, "ada", "policy-planned", "plan abcdef01")
MOVER = Mover(
    "ada", "d1", "phone", "ios", ("sales",), "clean", ("tiktok",),
    "block", "allow", "open", "block", "app", "prohibited-app", 0, 2,
)  # fmt: skip
