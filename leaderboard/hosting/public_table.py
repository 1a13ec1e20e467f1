"""A ranking as parquet with the same columns for every track, for readers without this project (pandas, DuckDB)."""

import json
from datetime import UTC, datetime
from typing import Any

from leaderboard.board.ranking import Ranking

COLUMNS = {
    "id": "string",
    "track": "string",
    "track_version": "string",
    "name": "string",
    "method": "string",
    "link": "string",
    "submitted": "timestamp",
    "metric": "string",
    "value": "double",
    "low": "double",
    "high": "double",
    "rank": "int64",
    "badge": "string",
    "split": "string",
    "moved": "int64",
    "level_with_leader": "bool",
    "group": "int64",
    "rank_low": "int64",
    "rank_high": "int64",
    "inputs": "string",
    "size": "string",
    "note": "string",
    "scores": "string",
}
"""The columns, which `hosting/cards/results.md` explains, and their types. They are those of the public CSV by name,
but for its `score`, `date` and the numbers of each track: `value`, `submitted`, and JSON in `scores`.
"""


def as_parquet(ranked: Ranking) -> bytes:
    """The ranking as everybody sees it, as a parquet file: the same bytes for the same ranking."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"timestamp": pa.timestamp("s", tz="UTC")}
    schema = pa.schema([(name, types.get(kind) or pa.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    out = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(_rows(ranked), schema), out, compression="zstd")
    return out.getvalue().to_pybytes()


def _rows(ranked: Ranking) -> list[dict[str, Any]]:
    about = {
        "track": ranked.track.id,
        "track_version": ranked.version,
        "metric": ranked.track.primary,
        "split": ranked.split,
    }
    return [
        {
            **row,
            **about,
            "value": row["score"],
            "submitted": datetime.fromisoformat(row["date"]).replace(tzinfo=UTC) if row["date"] else None,
            "scores": json.dumps({name: row[name] for name in ranked.columns if row[name] is not None}),
        }
        for row in ranked.to_dict()["rows"]
    ]
