"""Faces cut out of a lab's own labelled clips and pictures, as the app would cut them."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.feelings import feeling_of
from emer_space.media.clip import frames, open_clip
from emer_space.models.expression import FACE_CLASSES, grey_face
from emer_space.models.face import FaceLandmarks
from emer_space.settings import Settings
from training.corpora import Faces, recordings
from training.written import Tell

SIDE = 48
MARGIN = 1.1
"""The crop's side over the face's, as in FERPlus (median of its split val)."""
MOST_FRAMES = 12
"""Frames of one clip that are taken: more show the same again."""
VAL_EVERY = 5
"""Every fifth person is kept for choosing weights, and not for fitting the network."""


def own_faces(folder: Path, tell: Tell) -> Faces:
    """The faces of a folder with `labels.csv` (file, label, speaker) and clips or pictures.

    Labels may be any emotion word whose basic feeling is known. Raises `InputError` on a folder without faces.
    """
    found = recordings(folder)
    people = sorted({each.speaker for each in found})
    images, shares, split = [], [], []
    for each in found:
        feeling = feeling_of(each.label)
        if feeling is None:
            tell(f"{each.path.name} is left out: {each.label!r} is no emotion word that is known")
            continue
        for crop in _crops(each.path):
            images.append(crop)
            shares.append(np.eye(len(FACE_CLASSES))[FACE_CLASSES.index(feeling)])
            split.append("val" if people.index(each.speaker) % VAL_EVERY == VAL_EVERY - 1 else "train")
    if not images:
        raise InputError(f"No face was found in {folder}.")
    return Faces(np.array(images), np.array(shares), np.array(split))


def _crops(path: Path) -> Iterator[NDArray[np.uint8]]:
    settings, token = replace(Settings(), max_frames=MOST_FRAMES), CancelToken()
    with tempfile.TemporaryDirectory() as copy, FaceLandmarks(1, still=True) as landmarks:
        clip = open_clip(path, Path(copy), settings, token)
        for frame in frames(clip, settings, token):
            for face in landmarks.detect(frame.rgb, frame.t)[:1]:
                yield grey_face(frame.rgb, face, MARGIN, SIDE)
