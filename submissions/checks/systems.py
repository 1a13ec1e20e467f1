"""What a participant may say about a system: which inputs it reads, and how many parameters it has."""

import re

INPUTS = {"A": ("audio",), "V": ("video", "visual"), "T": ("text",)}
"""The letters of the inputs, in their order, and their names."""
_UNITS = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_WORDS = {"thousand": "k", "million": "m", "billion": "b", "trillion": "t"}
_SIZE = re.compile(rf"(\d{{1,6}}(?:\.\d{{1,4}})?)\s*({'|'.join((*_UNITS, *_WORDS))})(?:\s*(?:parameters|params))?")


def read_inputs(text: str) -> str | None:
    """`"video, text"`, `"VT"` or `"t+v"` → `"VT"`; empty for an empty text; None if it is not understood."""
    letters: set[str] = set()
    for word in re.findall(r"[^\W_]+", text.lower()):
        named = next((letter for letter, names in INPUTS.items() if word in names), "")
        found = set(named or word.upper())
        if not found <= INPUTS.keys():
            return None
        letters |= found
    return None if text.strip() and not letters else "".join(letter for letter in INPUTS if letter in letters)


def read_size(text: str) -> str | None:
    """`"7 b"` or `"7 billion parameters"` → `"7B"`; empty for an empty text; None if it is not understood."""
    if not (plain := " ".join(text.lower().split())):
        return ""
    found = _SIZE.fullmatch(plain)
    if not found or float(found[1]) == 0:
        return None
    return f"{found[1]}{_WORDS.get(found[2], found[2]).upper()}"


def parameters(size: str) -> float | None:
    """`"7B"` → 7e9; None for an empty size."""
    found = _SIZE.fullmatch(size.lower())
    return float(found[1]) * _UNITS[found[2]] if found and found[2] in _UNITS else None
