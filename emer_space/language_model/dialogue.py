"""Explanation and labels of a verdict by a language model, in the paper's steps (Lian et al. 2023, sec. 3).

The model re-reads the subtitle in the light of the other clues, merges everything into one explanation, and reads
labels from it. The clues are its only evidence: every sentence is checked against them (`grounding.py`), and so is
every label.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emer_space.analysis import Clue, Explanation, Label, Notice, Sentence
from emer_space.disambiguation import Verdict
from emer_space.errors import ModelUnavailable
from emer_space.explanation import compose, headline
from emer_space.labels import read_labels, salience, supported
from emer_space.language_model.grounding import Grounded, ground
from emer_space.language_model.prompt_files import load_prompt, quoted
from emer_space.language_model.replies import parse_sentences, parse_texts, parse_words
from emer_space.models.chat import Chat, never
from emer_space.text.clue_texts import SOURCE, source_of
from emer_space.text.text_labels import text_labels

PROMPTS = Path(__file__).parent / "prompts"
VERSION = "chat/1"
LEAST_SENTENCES = 2
LEAST_SHARE = 0.5
"""Least share of a model's sentences that rest on clues; below it, the answer does not explain these clues."""
MOST_CLUES = 40
TOKENS = {"reread": 300, "merge": 900, "labels": 150, "translate": 900}
JOINT = {"en": " ", "zh": ""}


@dataclass(frozen=True, slots=True)
class Explained:
    """Explanation and labels of a verdict, with notices for the reader and the ids of the prompts used."""

    explanation: Explanation
    labels: tuple[Label, ...]
    notices: tuple[Notice, ...] = ()
    prompts: tuple[str, ...] = ()


def explain(
    verdict: Verdict,
    seed: str,
    chat: Chat | None = None,
    subtitle: str = "",
    language: str = "en",
    check: Callable[[], None] = never,
) -> Explained:
    """Explanation and labels of a verdict, by a language model if `chat` is given, else by the composer.

    If the model does not answer, or too few of its sentences rest on clues, the composer answers instead and a notice
    says why. `language` (`en`, `zh`) is the language of the model's explanation; labels are English. `check` may raise
    to stop the work.
    """
    labels = read_labels(verdict)
    composed = compose(verdict, labels, seed)
    if chat is None or not verdict.stances:
        return Explained(composed, labels)
    talk = _Talk(chat, verdict, subtitle, language if language in JOINT else "en", check)
    try:
        explanation = talk.explain()
    except ModelUnavailable as problem:
        notice = Notice("chat-unused", f"{problem} So the bundled composer wrote the explanation.")
        return Explained(replace(composed, grounded=talk.share), labels, (notice,), tuple(talk.prompts))
    chosen = supported(talk.words(explanation), verdict)
    notices = [*talk.notices]
    if not chosen:
        message = (
            "The language model named no feeling that the clues support, so the bundled composer chose the labels."
        )
        notices.append(Notice("chat-labels-unused", message))
    labels = chosen or labels
    explanation = replace(explanation, headline=headline(verdict, labels))
    return Explained(explanation, labels, tuple(notices), tuple(talk.prompts))


@dataclass(slots=True)
class _Talk:
    """The dialogue with a model about one verdict."""

    chat: Chat
    verdict: Verdict
    subtitle: str
    language: str
    check: Callable[[], None]
    prompts: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    share: float = 0.0

    def explain(self) -> Explanation:
        """The model's explanation. Raises `ModelUnavailable`, also where too few sentences rest on clues."""
        clues = as_lines(self.verdict.clues)
        reading: Sequence[Sentence] = ()
        if self.subtitle.strip():
            answer = self._ask("reread", clues=clues, subtitle=quoted(self.subtitle))
            reading = ground(parse_sentences(answer), self.verdict, self.subtitle).kept
        answer = self._ask("merge", clues=clues, subtitle=quoted(self.subtitle), reading=_listed(reading))
        grounded = ground(parse_sentences(answer), self.verdict, self.subtitle)
        self.share = round(grounded.share, 3)
        if len(grounded.kept) < LEAST_SENTENCES or grounded.share < LEAST_SHARE:
            raise ModelUnavailable(
                f"The language model's explanation does not rest on the clues ({_counted(grounded)})."
            )
        if grounded.cut:
            message = (
                f"Some of the language model's sentences were cut, as no clue supports them ({_counted(grounded)})."
            )
            self.notices.append(Notice("chat-cut", message))
        text = JOINT[self.language].join(sentence.text for sentence in grounded.kept)
        composer = f"{VERSION} {self.chat.name}"
        agreement, translation = self.verdict.agreement, self._translated(grounded.kept)
        return Explanation(text, self.language, grounded.kept, composer, agreement, self.share, translation)

    def words(self, explanation: Explanation) -> list[str]:
        """The labels that the model reads from its explanation; if it gives none, those that the tables read."""
        try:
            labels = parse_words(self._ask("labels", explanation=quoted(explanation.text)))
        except ModelUnavailable:
            labels = []
        return labels or [word for word, _ in text_labels(explanation.text)]

    def _translated(self, sentences: Sequence[Sentence]) -> str | None:
        """The English translation of a Chinese explanation; None, with a notice, if the model gives none."""
        if self.language == "en":
            return None
        wanted = [sentence.text for sentence in sentences]
        try:
            return " ".join(translated(wanted, lambda listed: self._ask("translate", "en", sentences=listed)))
        except ModelUnavailable:
            message = "The language model gave no translation of the explanation."
            self.notices.append(Notice("chat-untranslated", message))
            return None

    def _ask(self, purpose: str, language: str = "", **values: str) -> str:
        prompt = load_prompt(PROMPTS, purpose, language or self.language)
        self.prompts.append(prompt.id)
        return self.chat.ask(prompt.messages(**values), TOKENS[purpose], self.check)


def translated(texts: Sequence[str], ask: Callable[[str], str]) -> list[str]:
    """The translations of `texts`, which `ask` gets as a JSON list.

    Raises `ModelUnavailable`, also if their number differs.
    """
    translations = parse_texts(ask(json.dumps(list(texts), ensure_ascii=False)))
    if len(translations) != len(texts):
        raise ModelUnavailable(f"The language model gave {len(translations)} translations of {len(texts)} texts.")
    return translations


def as_lines(clues: Sequence[Clue]) -> str:
    """The most salient clues in their order, one JSON object a line."""
    kept = sorted(clues, key=lambda clue: (clue.absent, -salience(clue)))[:MOST_CLUES]
    lines = [
        {"id": c.id, "modality": c.modality, "clue": c.statement} | ({SOURCE: source_of(c)} if source_of(c) else {})
        for c in clues
        if c in kept
    ]
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def _listed(sentences: Sequence[Sentence]) -> str:
    rows = [{"text": sentence.text, "clues": sentence.clues} for sentence in sentences]
    return json.dumps(rows, ensure_ascii=False)


def _counted(grounded: Grounded) -> str:
    reasons = ", ".join(f"{count} {reason!r}" for reason, count in grounded.cut.items()) or "it has no sentence"
    return f"kept {len(grounded.kept)}; cut {reasons}"
