"""Sentence embeddings by all-MiniLM-L6-v2 (Reimers & Gurevych 2019, arXiv:1908.10084), run by ONNX Runtime.

Good for whole sentences, poor for single emotion words (sad/happy 0.37, sad/sorrowful 0.41): do not compare those.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emer_space.models import graphs, store
from emer_space.models.roles import SENTENCES
from emer_space.models.supply import Supply

DIMENSIONS = 384
MOST_TOKENS = 256
"""What comes after in a sentence does not count, as the model's authors recommend."""


class SentenceEmbeddings:
    """Embeds English sentences, each by itself. Deterministic; safe to use from several threads."""

    def __init__(self) -> None:
        """Load the model, offline. Raises `ModelUnavailable` if its file is absent or changed."""
        weights = store.locate("sentences")
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(weights.parent / "tokenizer.json"))
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.no_padding()
        self._session = graphs.session(graphs.SENTENCES, weights)
        self._cache: dict[tuple[str, ...], NDArray[np.float32]] = {}

    @property
    def revision(self) -> str:
        return store.bundled_models()[SENTENCES].revision

    def embed(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of unit length, shape (n, 384): their dot product is the cosine similarity."""
        return np.array([self._embedded(sentence) for sentence in sentences], np.float32).reshape(-1, DIMENSIONS)

    def _embedded(self, sentence: str) -> NDArray[np.float32]:
        ids = np.array(self._tokenizer.encode(sentence).ids, np.int64)
        mean: NDArray[np.float32] = self._session.run(["rows"], {"ids": ids})[0].mean(0)
        return mean / np.float32(np.linalg.norm(mean))

    def embed_table(self, sentences: tuple[str, ...]) -> NDArray[np.float32]:
        """As `embed`, but cached: for the fixed sentences of a rule table, never for a visitor's words.

        The project's own sentences are in a file; others (`EMER_TABLES`) are computed at the first call.
        """
        if sentences not in self._cache:
            known = self._known
            known |= {one: self._embedded(one) for one in sentences if one not in known}
            self._cache[sentences] = np.array([known[one] for one in sentences], np.float32).reshape(-1, DIMENSIONS)
        return self._cache[sentences]

    @cached_property
    def _known(self) -> dict[str, NDArray[np.float32]]:
        with np.load(graphs.TABLE, allow_pickle=False) as stored:
            return dict(zip(stored["sentences"].tolist(), stored["vectors"], strict=True))


SUPPLIES = (Supply("bundled", SENTENCES, SentenceEmbeddings, ahead=True),)
