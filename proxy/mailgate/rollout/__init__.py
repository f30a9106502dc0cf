"""Changing rules: which version is in force, what a candidate would change, and how it comes in force."""

from mailgate.rollout.stored_rules import in_force, rule_texts_of
from mailgate.rollout.version_in_force import RulesKeeper

__all__ = ["RulesKeeper", "in_force", "rule_texts_of"]
