"""The history of the store's own tables, as Alembic migrations; the store runs them when it is opened."""
