"""A model of another package: whatever it raises, and an answer of a wrong kind or shape, becomes `ModelUnavailable`.

So a clip is analysed all the same, with a notice that names the package. The models of this project are used bare, so
that their faults surface.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from emer_space.analysis import Subtitle
from emer_space.errors import EmerError, ModelUnavailable, failure
from emer_space.models.roles import EXPRESSIONS, Face, Line, PitchTrack, Spot, VoiceEmotions, VoicePosterior


class AddedModel:
    """Stands for a model of another package, or for a tracker or finder that it gave, with all their attributes.

    `owner` is how a message names the package, `module` the module of its entry point.
    """

    __slots__ = ("_model", "_module", "_owner", "_role")

    def __init__(self, model: Any, role: str, owner: str, module: str) -> None:
        self._model, self._role, self._owner, self._module = model, role, owner, module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._tried(lambda: getattr(self._model, name))
        return partial(self._answer, name, value) if callable(value) else value

    def _answer(self, name: str, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        answer = self._tried(lambda: method(*arguments, **named))
        if name in MANAGERS:
            return self._entered(answer)
        fits = ANSWERS.get((self._role, name))
        if fits and not self._tried(lambda: fits(answer, arguments)):
            raise self._unavailable(
                f"answered `{name}` with {_kind(answer)}, of a wrong kind or shape (emer_space/models/roles.py)"
            )
        return answer

    @contextmanager
    def _entered(self, manager: Any) -> Iterator["AddedModel"]:
        """What a tracker's `with` gives. What is raised within the `with` is not the model's, and goes on as it is."""
        entered = self._tried(lambda: manager.__enter__())
        try:
            yield AddedModel(entered, self._role, self._owner, self._module)
        except BaseException:
            self._tried(partial(manager.__exit__, *sys.exc_info()))
            raise
        self._tried(lambda: manager.__exit__(None, None, None))

    def _tried(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except EmerError:  # Cancelled, or ModelUnavailable with its own remedy
            raise
        except (Exception, SystemExit) as problem:
            raise self._unavailable(f"failed ({failure(problem, self._module)})") from problem

    def _unavailable(self, wrong: str) -> ModelUnavailable:
        return ModelUnavailable(
            f"The model for {self._role} of {self._owner} {wrong}; fix or uninstall it, or choose another one."
        )


def load_added(load: Callable[[], Any], role: str, owner: str, module: str) -> AddedModel:
    """What `load` gives. Raises `ModelUnavailable` naming the package where that fails, or has no `revision`."""
    loading = AddedModel(load, role, owner, module)
    model = AddedModel(loading._tried(load), role, owner, module)
    if not isinstance(model.revision, str) or not model.revision.strip():
        raise model._unavailable("has a `revision` that is no text")
    return model


def _kind(answer: Any) -> str:
    shape = f" of shape {answer.shape}" if isinstance(answer, np.ndarray) else ""
    return f"{type(answer).__name__}{shape}"


def _numbers(value: Any, *shape: int | None, finite: bool = True) -> bool:
    """Whether a value is an array of numbers of a shape; None stands for any length."""
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind in "fiub"
        and value.ndim == len(shape)
        and all(wanted in (None, length) for wanted, length in zip(shape, value.shape, strict=True))
        and (not finite or bool(np.isfinite(value).all()))
    )


def _shares(value: Any) -> bool:
    """Whether an array holds probabilities of the eight feelings, on whatever scale."""
    return _numbers(value, len(EXPRESSIONS)) and bool((value >= 0).all()) and bool(value.sum() > 0)


def _voice(answer: Any, _: Sequence[Any]) -> bool:
    """That the classes are known, and the numbers finite, is asked of every model's answer (`check_answer`)."""
    if not isinstance(answer, VoiceEmotions) or not isinstance(answer.classes, list | tuple):
        return False
    windows, whole = len(np.atleast_1d(answer.start)), answer.whole
    return (
        _numbers(answer.start, windows)
        and _numbers(answer.end, windows)
        and _numbers(answer.probabilities, windows, None, finite=False)
        and not (answer.probabilities < 0).any()
        and not (answer.probabilities.sum(1) == 0).any()
        and (whole is None or (isinstance(whole, VoicePosterior) and _shares(whole.probabilities)))
    )


def _expression(answer: Any, _: Sequence[Any]) -> bool:
    return answer is None or _shares(answer)


def _faces(answer: Any, _: Sequence[Any]) -> bool:
    return isinstance(answer, list | tuple) and all(
        isinstance(face, Face)
        and len(face.box) == 4
        and _numbers(face.landmarks, 478, 2)
        and isinstance(face.blendshapes, Mapping)
        for face in answer
    )


def _spots(answer: Any, _: Sequence[Any]) -> bool:
    return isinstance(answer, list) and all(isinstance(spot, Spot) for spot in answer)


def _pitch(answer: Any, _: Sequence[Any]) -> bool:
    if not isinstance(answer, PitchTrack):
        return False
    frames = len(np.atleast_1d(answer.t))
    rest = (answer.hz, answer.voiced, answer.loudness_db)
    return _numbers(answer.t, frames) and all(_numbers(values, frames, finite=False) for values in rest)


def _speech(answer: Any, _: Sequence[Any]) -> bool:
    return isinstance(answer, Subtitle) and isinstance(answer.text, str)


def _sentences(answer: Any, asked: Sequence[Any]) -> bool:
    return _numbers(answer, len(asked[0]) if asked else None, None)


def _lines(answer: Any, _: Sequence[Any]) -> bool:
    return isinstance(answer, list | tuple) and all(
        isinstance(line, Line) and len(line.box) == 4 and isinstance(line.text, str) for line in answer
    )


def _text(answer: Any, _: Sequence[Any]) -> bool:
    return isinstance(answer, str)


MANAGERS = ("tracker", "finder")
"""Methods that give something to be used in a `with`."""
ANSWERS: Mapping[tuple[str, str], Callable[[Any, Sequence[Any]], bool]] = {
    ("voice", "probabilities"): _voice,
    ("expression", "probabilities"): _expression,
    ("face", "detect"): _faces,
    ("face", "spots"): _spots,
    ("pitch", "track"): _pitch,
    ("speech", "recognise"): _speech,
    ("sentences", "embed"): _sentences,
    ("sentences", "embed_table"): _sentences,
    ("captions", "lines"): _lines,
    ("chat", "ask"): _text,
    ("vision", "ask"): _text,
    ("audio", "ask"): _text,
}
"""Role and method → whether an answer to these arguments is what `roles.py` asks for."""
