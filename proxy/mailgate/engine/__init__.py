"""The policy engine: it makes decisions, and keys under which a decision can be kept."""
