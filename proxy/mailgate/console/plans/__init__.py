"""Plans: whom other rules would move, and what came of it."""
