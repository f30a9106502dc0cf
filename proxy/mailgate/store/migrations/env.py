"""Alembic runs this file. The caller has the transaction, so that all steps and the lock succeed or fail together."""

from alembic import context

from mailgate.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
