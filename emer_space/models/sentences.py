"""Sentence embeddings by all-MiniLM-L6-v2 (Reimers & Gurevych 2019, arXiv:1908.10084).

Good for whole sentences, poor for single emotion words (sad/happy 0.37, sad/sorrowful 0.41): do not compare those.
"""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emer_space.models import store
from emer_space.models.roles import SENTENCES
from emer_space.models.supply import Supply

DIMENSIONS = 384


class SentenceEmbeddings:
    """Embeds English sentences. Its import takes seconds: load it in the background."""

    def __init__(self) -> None:
        """Load the model, offline. Raises `ModelUnavailable` if its file is absent or changed."""
        folder = store.locate("sentences").parent
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self._cache: dict[tuple[str, ...], NDArray[np.float32]] = {}

    @property
    def revision(self) -> str:
        return store.bundled_models()[SENTENCES].revision

    def embed(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of unit length, shape (n, 384): their dot product is the cosine similarity."""
        if not sentences:
            return np.zeros((0, DIMENSIONS), np.float32)
        vectors = self._model.encode(
            list(sentences), batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, np.float32)

    def embed_table(self, sentences: tuple[str, ...]) -> NDArray[np.float32]:
        """As `embed`, but cached: for the fixed sentences of a rule table, never for a visitor's words."""
        if sentences not in self._cache:
            self._cache[sentences] = self.embed(sentences)
        return self._cache[sentences]


SUPPLIES = (Supply("bundled", SENTENCES, SentenceEmbeddings, ahead=True),)
