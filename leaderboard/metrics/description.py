"""How close one description is to another: corpus BLEU, chrF, ROUGE-L, and a match of clues by meaning.

BLEU and chrF (0 to 100) are sacrebleu's (Post 2018; Popović 2015), ROUGE-L (0 to 1, the mean F over samples) is
rouge-score's (Lin 2004). Clues are the sentences of a description. They are matched one to one so that the sum of
their cosines is greatest. Precision divides that sum by the number of predicted clues, recall by that of the reference
clues (BERTScore's soft counts, Zhang et al. 2020, with sentences instead of tokens). F comes from the means over
samples.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from emer_space.files.tables import Table
from leaderboard.metrics.columns import REASON
from leaderboard.metrics.metric import Embed, Metric, Resources, Title
from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, harmonic, ratio

Texts = Mapping[Any, str]
MOST_CLUES = 200
"""How many clues of a description are matched; later ones count as unmatched."""
_CLUE = re.compile(r"[^.!?;。！？；\n]*[^\s.!?;。！？；][^.!?;。！？；\n]*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_]+")


def description(references: Texts, predictions: Texts, embed: Embed | None = None) -> Tally:
    """`bleu`, `chrf`, `rouge_l`, and, with `embed` and English references, `clues.precision`, `.recall` and `.f`.

    A sample without a reference text is skipped; a missing prediction counts as an empty text.
    """
    kept = {sample: text for sample, text in references.items() if text.strip()}
    pairs = [(text, predictions.get(sample, "")) for sample, text in kept.items()]
    chinese = sum(bool(_HAN.search(text)) for text in kept.values()) > len(kept) / 2
    scored = np.array([bool(text.strip()) for text in references.values()], bool)
    quantities = np.zeros((len(references), 4))
    quantities[scored, 0] = 1
    quantities[scored, 1] = _rouge_l(pairs)
    facts: dict[str, Any] = _corpus_scores(pairs, chinese)
    by_meaning = embed is not None and not chinese
    if embed is not None and by_meaning:
        quantities[scored, 2:] = _clue_scores(pairs, embed)
    else:
        facts["clues.note"] = (
            "not scored: the sentence model reads English only" if chinese else "not scored: no sentence model"
        )

    def scores(totals: Floats) -> Scores:
        count, rouge, precision, recall = np.moveaxis(totals, -1, 0)
        values = {"rouge_l": ratio(rouge, count)}
        if by_meaning:
            precision, recall = ratio(precision, count), ratio(recall, count)
            values |= {
                "clues.f": harmonic(precision, recall),
                "clues.precision": precision,
                "clues.recall": recall,
            }
        return values

    facts["samples"] = {
        **coverage(references, predictions),
        "scored": int(scored.sum()),
        "skipped": int((~scored).sum()),
    }
    return Tally(quantities, scores, scored, facts)


def split_clues(text: str) -> tuple[str, ...]:
    """The sentences of an English or Chinese description."""
    return tuple(match.strip() for match in _CLUE.findall(text))


Pairs = Sequence[tuple[str, str]]


def _corpus_scores(pairs: Pairs, chinese: bool) -> dict[str, Any]:
    from sacrebleu.metrics import BLEU, CHRF

    if not pairs:
        return {"bleu": 0.0, "chrf": 0.0}
    references, predictions = [wanted for wanted, _ in pairs], [given for _, given in pairs]
    bleu, chrf = BLEU(tokenize="zh" if chinese else "13a"), CHRF()
    return {
        "bleu": float(bleu.corpus_score(predictions, [references]).score),
        "chrf": float(chrf.corpus_score(predictions, [references]).score),
        "signatures": {"bleu": str(bleu.get_signature()), "chrf": str(chrf.get_signature())},
    }


class _Tokens:
    """Tokens for ROUGE: lower-case words and single Chinese characters. The package's own tokenizer is ASCII only."""

    def tokenize(self, text: str) -> list[str]:
        return _TOKEN.findall(text.lower())


def _rouge_l(pairs: Pairs) -> Floats:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=_Tokens())
    return np.array([scorer.score(wanted, given)["rougeL"].fmeasure for wanted, given in pairs], np.float64)


def _clue_scores(pairs: Pairs, embed: Embed) -> Floats:
    """Precision and recall of each pair, shape (pairs, 2); every sentence is embedded once."""
    from scipy.optimize import linear_sum_assignment  # its import takes long: not before the page is up

    split = [(split_clues(wanted), split_clues(given)) for wanted, given in pairs]
    sentences = sorted({clue for sides in split for side in sides for clue in side})
    place = {sentence: number for number, sentence in enumerate(sentences)}
    vectors = embed(sentences)
    shares = np.zeros((len(pairs), 2))
    for number, (wanted, given) in enumerate(split):
        if wanted and given:
            rows, columns = ([place[clue] for clue in side[:MOST_CLUES]] for side in (given, wanted))
            similar = np.clip(vectors[rows].astype(np.float64) @ vectors[columns].T.astype(np.float64), 0, 1)
            matched = similar[linear_sum_assignment(similar, maximize=True)].sum()
            shares[number] = matched / len(given), matched / len(wanted)
    return shares


def _description(references: Table, predictions: Table, resources: Resources) -> Tally:
    return description(references.column("reason"), predictions.column("reason"), resources.embed)


METRIC = Metric(
    name="description",
    version="1",
    about="BLEU, chrF (0 to 100), ROUGE-L, and clues matched by meaning",
    primary="clues.f",
    scores=r"rouge_l|clues\.(f|precision|recall)",
    references=(REASON,),
    predictions=(REASON,),
    tally=_description,
    needs=("sentences",),
    titles={
        "clues.f": Title({"en": "F1 over matched clues", "zh": "匹配线索的 F1"}, {"en": "Clues: F1", "zh": "线索 F1"}),
        "clues.precision": Title(
            {"en": "precision of matched clues", "zh": "匹配线索的精确率"},
            {"en": "Clues: precision", "zh": "线索精确率"},
        ),
        "clues.recall": Title(
            {"en": "recall of matched clues", "zh": "匹配线索的召回率"}, {"en": "Clues: recall", "zh": "线索召回率"}
        ),
        "rouge_l": Title({"en": "ROUGE-L"}),
        "bleu": Title({"en": "BLEU (0 to 100)", "zh": "BLEU（0 到 100）"}, {"en": "BLEU"}),
        "chrf": Title({"en": "chrF (0 to 100)", "zh": "chrF（0 到 100）"}, {"en": "chrF"}),
    },
    explained={
        "en": "The sentences of both descriptions are its clues. A model of sentence meaning matches them one to one. "
        "Precision divides the sum of the similarities by the number of predicted clues, recall by that of the "
        "reference's; F1 comes from their means over the samples.",
        "zh": "两份描述中的句子即线索，由句义模型一一匹配。精确率是相似度之和除以预测线索的数目，"
        "召回率是除以参考线索的数目；"
        "F1 由两者在样本上的平均值得出。",
    },
    unscored={"en": "the reference has no text", "zh": "参考答案没有文字"},
)
