"""Changing rules: which version is in force, what a candidate would change, and how it comes in force."""

from mailgate.rollout.stored_rules import draft_of, in_force
from mailgate.rollout.version_in_force import Keeper

__all__ = ["Keeper", "draft_of", "in_force"]
