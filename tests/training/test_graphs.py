"""The committed graphs and vectors: made from the weights they are read with, and they compute what those compute."""

from pathlib import Path

import numpy as np
import pytest

from emer_space.errors import ModelUnavailable
from emer_space.models import graphs, store
from emer_space.models.hearing import Hearing
from emer_space.models.sentences import SentenceEmbeddings
from emer_space.text.situations import examples
from training.graphs import LAYERS, ctranslate2_encoder, hearing, sentences


@pytest.fixture(scope="module")
def embeddings() -> SentenceEmbeddings:
    return SentenceEmbeddings()


def test_the_graphs_are_those_of_the_pinned_weights() -> None:
    for deepest in range(LAYERS + 1):
        assert graphs.hearing_graph(deepest).read_bytes() == hearing(deepest)
    assert graphs.SENTENCES.read_bytes() == sentences()


def test_the_table_has_every_example_as_the_model_embeds_it(embeddings: SentenceEmbeddings) -> None:
    """The vectors in the file were made by sentence-transformers."""
    with np.load(graphs.TABLE) as stored:
        assert tuple(stored["sentences"].tolist()) == examples()
        assert np.abs(embeddings.embed(examples()) - stored["vectors"]).max() < 1e-5


def test_a_sentence_of_another_table_is_embedded(embeddings: SentenceEmbeddings) -> None:
    changed = (examples()[0], "A sentence of one's own table.")
    assert np.abs(embeddings.embed_table(changed) - embeddings.embed(changed)).max() < 1e-5
    assert embeddings.embed([]).shape == embeddings.embed_table(()).shape == (0, 384)


def test_the_layers_are_those_that_the_words_come_from() -> None:
    from faster_whisper import WhisperModel

    path = store.locate("speech")
    model = WhisperModel(str(path.parent), device="cpu", compute_type="float32", local_files_only=True)
    mel = model.feature_extractor(np.random.default_rng(0).normal(0, 0.1, 3 * 16_000).astype(np.float32))
    wanted = np.array(model.encode(mel))[0]
    (last,) = Hearing((LAYERS,)).states(mel)
    scale, shift = (stored_values(path, f"layer_norm/{part}") for part in ("gamma", "beta"))
    found = (last - last.mean(1, keepdims=True)) / np.sqrt(last.var(1, keepdims=True) + 1e-5) * scale + shift
    assert np.abs(found - wanted).mean() < 1e-2


def stored_values(path: Path, name: str) -> np.ndarray:
    place = ctranslate2_encoder(path)[name]
    return np.fromfile(path, place.kind, int(np.prod(place.shape)), offset=place.offset).astype(np.float32)


def test_a_graph_whose_weights_are_gone_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"^sentences\.onnx cannot be run by this onnxruntime"):
        graphs.session(graphs.SENTENCES, tmp_path / "model.safetensors")


def test_a_layer_is_the_same_in_a_shorter_graph() -> None:
    mel = np.random.default_rng(0).normal(0, 0.3, (80, 120)).astype(np.float32)
    (short,), (whole, _) = Hearing((2,)).states(mel), Hearing((2, LAYERS)).states(mel)
    assert np.array_equal(short, whole)
