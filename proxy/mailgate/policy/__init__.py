"""Rules and what is decided by them: the catalogue of apps, conditions in CEL, stages and shares, the cases that must hold, and ``decide``,
which makes every decision. ``simulate`` repeats it for many. No I/O."""

from mailgate.policy.apps import AppCatalog, ListedApp
from mailgate.policy.rules import OnUnavailable, Policy, Rule

__all__ = ["AppCatalog", "ListedApp", "OnUnavailable", "Policy", "Rule"]
