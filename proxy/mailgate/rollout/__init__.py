"""Changing rules: which version is in force, what another would change, and how one takes the other's place."""

from mailgate.rollout.version_in_force import Keeper, draft_of, in_force

__all__ = ["Keeper", "draft_of", "in_force"]
