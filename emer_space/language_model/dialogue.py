"""A verdict → explanation and labels by a language model: the paper's own steps (Lian et al. 2023, sec. 3).

The subtitle is re-read in the light of the other clues, all is merged into one explanation, and labels are read from
it. The clues are its only evidence: each sentence is held against them (`grounding.py`), each label as well.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emer_space.analysis import Clue, Explanation, Label, Notice, Sentence
from emer_space.disambiguation import Verdict
from emer_space.errors import ModelUnavailable
from emer_space.explanation import compose
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
"""Of a model's sentences; with fewer that rest on clues, it did not explain these clues."""
MOST_CLUES = 40
TOKENS = {"reread": 300, "merge": 900, "labels": 150, "translate": 900}
JOINT = {"en": " ", "zh": ""}


@dataclass(frozen=True, slots=True)
class Told:
    """What was made of a verdict, by whom, and what the reader should know of it."""

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
) -> Told:
    """Explanation and labels of a verdict: by the composer, or by a language model where there is one.

    Where the model gives no answer, or says too little that rests on clues, the composer answers, and a notice tells
    why. `language` (`en`, `zh`) is the model's; labels are English. `check` may raise to stop it.
    """
    labels = read_labels(verdict)
    composed = compose(verdict, labels, seed)
    if chat is None or not verdict.stances:
        return Told(composed, labels)
    talk = _Talk(chat, verdict, subtitle, language if language in JOINT else "en", check)
    try:
        explanation = talk.explain()
    except ModelUnavailable as problem:
        notice = Notice("chat-unused", f"{problem} So the bundled composer wrote the explanation.")
        return Told(replace(composed, grounded=talk.share), labels, (notice,), tuple(talk.prompts))
    chosen = supported(talk.words(explanation), verdict)
    notices = [*talk.notices]
    if not chosen:
        message = "The language model named no feeling that the clues bear, so the labels are the bundled composer's."
        notices.append(Notice("chat-labels-unused", message))
    return Told(explanation, chosen or labels, tuple(notices), tuple(talk.prompts))


@dataclass(slots=True)
class _Talk:
    """One verdict talked over with a model."""

    chat: Chat
    verdict: Verdict
    subtitle: str
    language: str
    check: Callable[[], None]
    prompts: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    share: float = 0.0

    def explain(self) -> Explanation:
        """Raises `ModelUnavailable`, also where too little rests on clues."""
        clues = _told(self.verdict.clues)
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
            message = f"Of the language model's sentences some were cut, as no clue bears them ({_counted(grounded)})."
            self.notices.append(Notice("chat-cut", message))
        text = JOINT[self.language].join(sentence.text for sentence in grounded.kept)
        composer = f"{VERSION} {self.chat.name}"
        agreement, translation = self.verdict.agreement, self._translated(grounded.kept)
        return Explanation(text, self.language, grounded.kept, composer, agreement, self.share, translation)

    def words(self, explanation: Explanation) -> list[str]:
        """The labels that the model reads from its explanation; where it gives none, those that tables read there."""
        try:
            found = parse_words(self._ask("labels", explanation=quoted(explanation.text)))
        except ModelUnavailable:
            found = []
        return found or [word for word, _ in text_labels(explanation.text)]

    def _translated(self, sentences: Sequence[Sentence]) -> str | None:
        """English of a Chinese explanation; None, with a notice, where the model gives none."""
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
    """As many texts; `ask` is given them as a JSON list. Raises `ModelUnavailable`, also for another number."""
    found = parse_texts(ask(json.dumps(list(texts), ensure_ascii=False)))
    if len(found) != len(texts):
        raise ModelUnavailable(f"The language model gave {len(found)} translations of {len(texts)} texts.")
    return found


def _told(clues: Sequence[Clue]) -> str:
    """The clues that say most, in their own order, one JSON object a line."""
    kept = sorted(clues, key=lambda clue: (clue.absent, -salience(clue)))[:MOST_CLUES]
    lines = [
        {"id": c.id, "modality": c.modality, "clue": c.statement} | ({SOURCE: source_of(c)} if source_of(c) else {})
        for c in clues
        if c in kept
    ]
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def _listed(sentences: Sequence[Sentence]) -> str:
    return json.dumps([{"text": each.text, "clues": each.clues} for each in sentences], ensure_ascii=False)


def _counted(grounded: Grounded) -> str:
    reasons = ", ".join(f"{count} {reason!r}" for reason, count in grounded.cut.items()) or "it has no sentence"
    return f"kept {len(grounded.kept)}; cut {reasons}"
