"""A PostgreSQL for demos whose store is not a file."""

from tests.integration.postgres import postgres as postgres
