"""Run by alembic: works on the connection that the registry hands over, in its transaction."""

from alembic import context

from sarcoma_review.registry.tables import METADATA


def run() -> None:
    """Run the migrations that are asked for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
    )
    context.run_migrations()


if hasattr(context, "config"):  # alembic sets it while it runs this file; importing the file runs nothing
    run()
