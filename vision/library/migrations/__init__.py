"""Every form that the database ever had, and the steps between them (alembic)."""
