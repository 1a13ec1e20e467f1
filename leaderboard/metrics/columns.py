"""Columns that several metrics read."""

from emer_space.files.tables import Column

LABELS = Column("openset", "labels")
REASON = Column("reason", "text", aliases=("description", "english"), longest=5_000)
