"""Crops faces from a lab's own labelled clips and pictures, as the app does."""

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
from training.written import Progress

SIDE = 48
MARGIN = 1.1
"""Side of the crop relative to the face, as in FERPlus (median of its split val)."""
MOST_FRAMES = 12
"""Most frames of one clip; more would repeat the same."""
VAL_EVERY = 5
"""Every fifth person goes to the validation split."""


def own_faces(folder: Path, progress: Progress) -> Faces:
    """The faces of a folder with `labels.csv` (file, label, speaker) and clips or pictures.

    Labels may be any emotion word with a known basic feeling. Raises `InputError` for a folder without faces.
    """
    labelled = recordings(folder)
    people = sorted({recording.speaker for recording in labelled})
    images, shares, split = [], [], []
    for recording in labelled:
        feeling = feeling_of(recording.label)
        if feeling is None:
            progress(f"{recording.path.name} is left out: {recording.label!r} is not a known emotion word")
            continue
        for crop in _crops(recording.path):
            images.append(crop)
            shares.append(np.eye(len(FACE_CLASSES))[FACE_CLASSES.index(feeling)])
            split.append("val" if people.index(recording.speaker) % VAL_EVERY == VAL_EVERY - 1 else "train")
    if not images:
        raise InputError(f"No face was found in {folder}; name another folder with --corpus.")
    return Faces(np.array(images), np.array(shares), np.array(split))


def _crops(path: Path) -> Iterator[NDArray[np.uint8]]:
    settings, token = replace(Settings(), max_frames=MOST_FRAMES), CancelToken()
    with tempfile.TemporaryDirectory() as copy, FaceLandmarks(1, still=True) as landmarks:
        clip = open_clip(path, Path(copy), settings, token)
        for frame in frames(clip, settings, token):
            for face in landmarks.detect(frame.rgb, frame.t)[:1]:
                yield grey_face(frame.rgb, face, MARGIN, SIDE)
