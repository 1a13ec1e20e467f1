"""A table in HTML, for figures to say in text what they draw."""

from collections.abc import Sequence
from html import escape


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], english: Sequence[int] = ()) -> str:
    """`english` are the columns whose cells are read aloud as English, whatever the interface speaks."""
    languages = [' lang="en"' if number in english else "" for number in range(len(columns))]
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f"<tr>{''.join(f'<td{mark}>{escape(cell)}</td>' for mark, cell in zip(languages, row, strict=True))}</tr>"
        for row in rows
    )
    return (
        f'<div class="emer-scroll" tabindex="0"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
