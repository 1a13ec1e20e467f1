"""Tables of numbers as TOML, and what the commands say while they work."""

from collections.abc import Callable, Mapping
from pathlib import Path

Tell = Callable[[str], None]


def write_table(path: Path, head: str, tables: Mapping[str, Mapping[str, float]]) -> None:
    """Write tables name → key → number below a comment; numbers with four digits after the point."""
    lines = [f"# {head}", ""]
    for name, rows in tables.items():
        lines += [f"[{name}]", *(f"{key} = {float(value):.4f}" for key, value in rows.items()), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
