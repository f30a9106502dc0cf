"""Rules: the catalogue of apps, conditions in CEL, stages and shares, and the cases that must hold. No I/O."""

from mailgate.policy.apps import AppCatalog, ListedApp
from mailgate.policy.rules import OnUnavailable, Policy, Rule

__all__ = ["AppCatalog", "ListedApp", "OnUnavailable", "Policy", "Rule"]
