"""Keeps strangers' texts from becoming formulas when a csv is opened in a spreadsheet."""

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
"""The characters that start a formula in a spreadsheet."""


def no_formula(text: str) -> str:
    """A text for a cell of a csv that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
