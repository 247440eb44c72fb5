"""The tables: a journal that only grows, and projections that replay makes anew."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

METADATA = MetaData()

JOURNAL = Table(
    "journal",
    METADATA,
    Column("id", Integer, primary_key=True, nullable=False, autoincrement=False),
    Column("case_id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("recorded_at", String(40), nullable=False),
    Column("author", String(64), nullable=False, server_default=""),
    Column("body", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("chain", String(64), nullable=False, server_default=""),
    UniqueConstraint("case_id", "version", name="journal_case_version"),
)
MEETING = "meeting"
"""Kind of every entry of a meeting; what has it belongs to no case."""
CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("sequence", Integer, primary_key=True, nullable=False, autoincrement=False),
    Column("chain", String(64), nullable=False),
    Column("made_at", String(40), nullable=False),
)
RELEASE = Table(
    "release_log",
    METADATA,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("subject", String(200), nullable=False),
    Column("counts", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("rule", String(16), nullable=False),
    Column("role", String(80), nullable=False),
    Column("released_at", String(40), nullable=False),
)
BUNDLE = Table(
    "bundle_log",
    METADATA,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("signer", String(64), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("chain", String(64), nullable=False),
    Column("imported_at", String(40), nullable=False),
)
APPEND_ONLY = ("journal", "checkpoint", "release_log", "bundle_log")
"""Tables whose rows are never changed nor removed: triggers refuse it on both engines."""

CASE = Table(
    "case_row",
    METADATA,
    Column("case_id", String(64), primary_key=True, nullable=False),
    Column("version", Integer, nullable=False),
    Column("opened_at", String(40), nullable=False),
)
OPENED = Table(
    "opened_row",
    METADATA,
    Column("case_id", String(64), primary_key=True, nullable=False),
    Column("version", Integer, primary_key=True, nullable=False),
    Column("centre", String(8)),
    Column("diagnosis", Text),
    Column("site", Text),
    Column("sex", String(8)),
    Column("age_band", String(8)),
)
MILESTONE = Table(
    "milestone_row",
    METADATA,
    Column("case_id", String(64), primary_key=True, nullable=False),
    Column("version", Integer, primary_key=True, nullable=False),
    Column("type", String(40), nullable=False),
    Column("on_date", String(10), nullable=False),
    Column("precision", String(5), nullable=False),
    Column("certainty", String(10), nullable=False),
    Column("detail", Text, nullable=False),
    Index("milestone_type", "type"),
)
MARGIN = Table(
    "margin_row",
    METADATA,
    Column("case_id", String(64), primary_key=True, nullable=False),
    Column("version", Integer, primary_key=True, nullable=False),
    Column("place", Integer, primary_key=True, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("name", Text, nullable=False),
    Column("margin_mm", Float),
    Column("low_mm", Float),
    Column("high_mm", Float),
)
DECISION = Table(
    "decision_row",
    METADATA,
    Column("case_id", String(64), primary_key=True, nullable=False),
    Column("version", Integer, primary_key=True, nullable=False),
    Column("modality", String(16), nullable=False),
    Column("agreement", String(16)),
    Column("dissent", Boolean, nullable=False),
)
EXECUTION = Table(
    "execution_row",
    METADATA,
    Column("case_id", String(64), primary_key=True, nullable=False),
    Column("version", Integer, primary_key=True, nullable=False),
    Column("decision_version", Integer, nullable=False),
    Column("carried_out", String(8), nullable=False),
)
FINDING = Table(
    "finding_row",
    METADATA,
    Column("case_id", String(64), primary_key=True, nullable=False),
    Column("place", Integer, primary_key=True, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rule", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("after", String(10)),
)
OF_EVENTS = (OPENED, MILESTONE, MARGIN, DECISION, EXECUTION)
"""Projections whose rows each belong to one entry of the journal, by case and version."""
PROJECTIONS = (CASE, *OF_EVENTS, FINDING)
