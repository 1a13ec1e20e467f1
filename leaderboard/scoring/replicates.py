"""The primary score of a submission in every resample, kept so that pairs of submissions can be compared later.

They are private as the references are: with the seed known, many of them could be solved for single answers. They lie
in a file beside the result, which is read by `board.pairs` alone and is in no report, answer, export or dataset.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.metrics.tally import Tally
from leaderboard.scoring.bootstrap import RESAMPLES, SEED

MOST_BYTES = 1_000_000
BROKEN = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)
"""What reading a broken file raises."""


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """`values`: the primary score in each resample, shape (RESAMPLES,). `samples`: how many samples were resampled.

    `drawn` is a digest of which samples those are. Only replicates with the same one are of the same resamples.
    """

    values: NDArray[np.float32]
    samples: int
    drawn: str


def drawn(tallies: Mapping[str, Tally], references: str) -> str:
    """The digest of the samples that are resampled: the scored ones of each part; `references` is their SHA-256."""
    digest = hashlib.sha256(f"{references} {SEED} {RESAMPLES}".encode())
    for name, tally in tallies.items():
        digest.update(f"\0{name}\0{len(tally.scored)}\0".encode() + np.packbits(tally.scored).tobytes())
    return digest.hexdigest()


def packed(splits: Mapping[str, Replicates]) -> bytes:
    """The file of a submission: an npz with three arrays for each split."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for split, one in splits.items():
        arrays |= {split: one.values.astype("<f4"), f"{split}.drawn": np.array(one.drawn)}
        arrays[f"{split}.samples"] = np.array(one.samples)
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def unpacked(content: bytes) -> dict[str, Replicates]:
    """The replicates in a file by split. Raises one of `BROKEN` if it is not one that `packed` made."""
    if len(content) > MOST_BYTES:
        raise ValueError("it is too long")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = {
            split: Replicates(
                arrays[split].astype(np.float32), int(arrays[f"{split}.samples"]), str(arrays[f"{split}.drawn"])
            )
            for split in arrays.files
            if "." not in split
        }
    if any(one.values.shape != (RESAMPLES,) or not np.isfinite(one.values).all() for one in found.values()):
        raise ValueError("it does not hold one finite score for each resample")
    return found
