"""The emotion classes of a checkpoint, recognised by its own names for them (`emotion_classes.toml`)."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import ModelUnavailable, RuleError
from emer_space.models.roles import CLASSES
from emer_space.tables.load import Rows, exactly, read_table, text

TABLE = Path(__file__).parent / "emotion_classes.toml"
SHAPE = exactly(CLASSES, Rows(text))


@cache
def known_names() -> Mapping[str, str]:
    """A checkpoint's name for a class → the class. Raises `RuleError` for a wrong table."""
    classes: dict[str, str] = {}
    for kind, names in read_table(TABLE, SHAPE).items():
        for name in names:
            if classes.setdefault(name, kind) != kind or name != name.strip().lower():
                raise RuleError(
                    f"emotion_classes.toml, {kind}: {name!r} must be in lower case and stand for one class only."
                )
    return classes


def classes_of(id2label: Mapping[int, str], role: str) -> tuple[str, ...]:
    """The class of each of a checkpoint's outputs, in their order.

    Raises `ModelUnavailable` if a name is unknown or two outputs have the same class.
    """
    names = [str(id2label[index]) for index in sorted(id2label)]
    unknown = [name for name in names if name.strip().lower() not in known_names()]
    if unknown:
        raise ModelUnavailable(
            f"The checkpoint for {role} has a class {unknown[0]!r}, which is not an emotion known here; "
            f"name another checkpoint in EMER_HUB_{role.upper()}."
        )
    classes = tuple(known_names()[name.strip().lower()] for name in names)
    if len(set(classes)) < max(2, len(classes)):
        raise ModelUnavailable(
            f"The checkpoint for {role} does not tell emotions apart, judging by its class names; "
            f"name another in EMER_HUB_{role.upper()}."
        )
    return classes


def check_answer(
    answer: NDArray[np.floating[Any]], classes: Sequence[str], allowed: Collection[str], role: str, revision: str = ""
) -> None:
    """Raises `ModelUnavailable` unless an answer (…, classes) has one finite number per class and all are known.

    `revision` names the model if it may be of any profile; without it, the model is a checkpoint of the hub profile.
    """
    wrong = None
    if unknown := next((name for name in classes if name not in allowed), None):
        wrong = f"the class {unknown!r}, which is not an emotion known here"
    elif answer.shape[-1:] != (len(classes),):
        wrong = f"{answer.shape[-1] if answer.ndim else 1} numbers for its {len(classes)} classes"
    elif not np.isfinite(answer).all():
        wrong = "values that are not numbers"
    if wrong:
        if revision:
            raise ModelUnavailable(
                f"The {role} model {revision} answered with {wrong}; choose another one, as with {role}=bundled."
            )
        raise ModelUnavailable(f"The {role} model answered with {wrong}; name another in EMER_HUB_{role.upper()}.")
