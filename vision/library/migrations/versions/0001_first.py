"""The first schema: patients, clips, sources, runs, outcomes with their parts and events, reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("name", name=op.f("uq_patients_name")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("settings_sha256", sa.String(length=80), nullable=False),
        sa.Column("settings_json", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("version", "settings_sha256", name=op.f("uq_runs_version_settings_sha256")),
    )
    op.create_table(
        "sources",
        sa.Column("place_sha256", sa.String(length=80), nullable=False),
        sa.Column("stamp", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("place_sha256", name=op.f("pk_sources")),
    )
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sources_key"), ["key"], unique=False)

    op.create_table(
        "clips",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("kept_as", sa.String(length=120), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("filmed_on", sa.String(length=10), nullable=True),
        sa.Column("body_part", sa.String(length=200), nullable=True),
        sa.Column("side", sa.String(length=8), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_clips_patient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
        sa.UniqueConstraint("key", name=op.f("uq_clips_key")),
    )
    with op.batch_alter_table("clips", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clips_patient_id"), ["patient_id"], unique=False)

    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("request_sha256", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("advice", sa.Text(), nullable=True),
        sa.Column("result_sha256", sa.String(length=80), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("view", sa.String(length=8), nullable=True),
        sa.Column("label", sa.String(length=24), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("is_usable", sa.Boolean(), nullable=True),
        sa.Column("is_simulated", sa.Boolean(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("observed_s", sa.Float(), nullable=True),
        sa.Column("mean_rate_hz", sa.Float(), nullable=True),
        sa.Column("limit_px", sa.Float(), nullable=True),
        sa.Column("limit_iod", sa.Float(), nullable=True),
        sa.Column("limit_mm", sa.Float(), nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=True),
        sa.Column("rate_per_min", sa.Float(), nullable=True),
        sa.Column("rate_low_per_min", sa.Float(), nullable=True),
        sa.Column("rate_high_per_min", sa.Float(), nullable=True),
        sa.Column("duty_cycle", sa.Float(), nullable=True),
        sa.Column("laterality", sa.String(length=8), nullable=True),
        sa.Column("warning_codes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_outcomes_clip_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_outcomes_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
        sa.UniqueConstraint("clip_id", "run_id", name=op.f("uq_outcomes_clip_id_run_id")),
    )
    with op.batch_alter_table("outcomes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outcomes_result_sha256"), ["result_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_outcomes_run_id_state"), ["run_id", "state"], unique=False)

    op.create_table(
        "events",
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("onset_s", sa.Float(), nullable=False),
        sa.Column("peak_s", sa.Float(), nullable=False),
        sa.Column("offset_s", sa.Float(), nullable=False),
        sa.Column("site", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=True),
        sa.Column("x_px", sa.Float(), nullable=False),
        sa.Column("y_px", sa.Float(), nullable=False),
        sa.Column("amplitude_px", sa.Float(), nullable=False),
        sa.Column("amplitude_iod", sa.Float(), nullable=True),
        sa.Column("amplitude_mm", sa.Float(), nullable=True),
        sa.Column("direction_rad", sa.Float(), nullable=False),
        sa.Column("margin_sd", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcomes.id"], name=op.f("fk_events_outcome_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("outcome_id", "number", name=op.f("pk_events")),
    )
    op.create_table(
        "parts",
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=True),
        sa.Column("observed_s", sa.Float(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("rate_per_min", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcomes.id"], name=op.f("fk_parts_outcome_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("outcome_id", "number", name=op.f("pk_parts")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.String(length=64), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(), nullable=False),
        sa.Column("verdict_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["outcomes.id"], name=op.f("fk_reviews_outcome_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reviews_outcome_id"), ["outcome_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reviews_outcome_id"))

    op.drop_table("reviews")
    op.drop_table("parts")
    op.drop_table("events")
    with op.batch_alter_table("outcomes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outcomes_run_id_state"))
        batch_op.drop_index(batch_op.f("ix_outcomes_result_sha256"))

    op.drop_table("outcomes")
    with op.batch_alter_table("clips", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clips_patient_id"))

    op.drop_table("clips")
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sources_key"))

    op.drop_table("sources")
    op.drop_table("runs")
    op.drop_table("patients")
