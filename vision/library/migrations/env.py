"""How alembic reaches the database: over the connection that `vision.library.database` hands it."""

from __future__ import annotations

from alembic import context

from vision.library.schema import Table


def run() -> None:
    """Do the steps that were asked for, inside the transaction that is already open."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
    )
    context.run_migrations()


if getattr(context, "_proxy", None) is not None:  # alembic runs this file; anyone else only imports it
    run()
