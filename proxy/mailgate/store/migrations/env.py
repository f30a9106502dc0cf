"""Run by alembic. The transaction is the caller's, so that all steps and the lock stand or fall together."""

from alembic import context

from mailgate.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
