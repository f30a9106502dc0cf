"""Changing rules: which version is in force, what a candidate would change, and how it comes in force."""

from mailgate.rollout.stored_rules import in_force as in_force
from mailgate.rollout.stored_rules import rule_texts_of as rule_texts_of
from mailgate.rollout.version_in_force import RulesKeeper as RulesKeeper
