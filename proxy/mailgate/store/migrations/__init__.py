"""Alembic's folder. ``versions/`` holds a file for each step, and ``mailgate.store.migrate`` runs them."""
