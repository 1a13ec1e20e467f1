"""The classes of a checkpoint that reads emotions, by the names it gives them (`emotion_classes.toml`)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from emer_space.errors import ModelUnavailable


@cache
def _known() -> Mapping[str, str]:
    """What a checkpoint may call a class → the class."""
    table = tomllib.loads((Path(__file__).parent / "emotion_classes.toml").read_text(encoding="utf-8"))
    return {name: kind for kind, names in table.items() for name in names}


def classes_of(id2label: Mapping[int, str], role: str) -> tuple[str, ...]:
    """The class of each of a checkpoint's outputs, in their order.

    Raises `ModelUnavailable` where a name is not known or stands for a class that another output has.
    """
    names = [str(id2label[index]) for index in sorted(id2label)]
    unknown = [name for name in names if name.strip().lower() not in _known()]
    if unknown:
        raise ModelUnavailable(
            f"The checkpoint for {role} has a class {unknown[0]!r}, which is none of the emotions known here; "
            f"let EMER_HUB_{role.upper()} name another."
        )
    classes = tuple(_known()[name.strip().lower()] for name in names)
    if len(set(classes)) < max(2, len(classes)):
        raise ModelUnavailable(
            f"The checkpoint for {role} does not tell emotions apart, by the names of its classes; "
            f"let EMER_HUB_{role.upper()} name another."
        )
    return classes
