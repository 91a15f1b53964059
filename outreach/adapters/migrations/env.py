"""Runs migrations in the transaction that `outreach.adapters.database.migrate` has begun."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
