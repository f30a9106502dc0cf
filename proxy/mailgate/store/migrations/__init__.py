"""Alembic's folder: ``versions/`` holds one file a step, run by ``mailgate.store.migrate``."""
