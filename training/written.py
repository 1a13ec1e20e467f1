"""Writes tables of numbers as TOML; the type of the progress callback."""

from collections.abc import Callable, Mapping
from pathlib import Path

Progress = Callable[[str], None]


def write_table(path: Path, head: str, tables: Mapping[str, Mapping[str, float]]) -> None:
    """Write numbers by table and key, with four decimals, below the comment `head`."""
    lines = [f"# {head}", ""]
    for name, rows in tables.items():
        lines += [f"[{name}]", *(f"{key} = {float(value):.4f}" for key, value in rows.items()), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
