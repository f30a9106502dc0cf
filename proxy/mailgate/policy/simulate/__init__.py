"""Simulation by repeated decisions: what another policy would change, for whom, and what would turn one verdict over.
Pure, like ``decide``."""
