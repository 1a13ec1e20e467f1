"""Answers questions about a clip by a language model, from its clues alone.

Every sentence of an answer is checked against the clues that it names (`grounding.py`), like the sentences of an
explanation; those that rest on none are left out and counted. Unlike an explanation, an answer may say what the face,
the voice or the words show even where the verdict is against it, as long as it says it of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emer_space.analysis import MODALITIES, Language, Sentence
from emer_space.disambiguation import Verdict
from emer_space.errors import InputError
from emer_space.language_model.dialogue import as_lines
from emer_space.language_model.grounding import ground
from emer_space.language_model.prompt_files import load_prompt, quoted
from emer_space.language_model.replies import parse_sentences
from emer_space.models.chat import Chat, never

PROMPTS = Path(__file__).parent / "prompts"
MOST_QUESTION = 300
"""Most characters of a question."""
TOKENS = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: the sentences that rest on clues, and how many others were left out.

    Without any, the model found nothing in the clues that answers the question.
    """

    sentences: tuple[Sentence, ...]
    left_out: int
    prompt: str
    model: str


def answer(
    question: str,
    verdict: Verdict,
    chat: Chat,
    subtitle: str = "",
    language: Language = "en",
    check: Callable[[], None] = never,
) -> Answer:
    """A language model's answer in `language`; the statements of the verdict's clues are English.

    Raises `InputError` for an empty or a long question and `ModelUnavailable` if the model does not answer; `check` may
    raise to stop the work.
    """
    question = " ".join(question.split())
    if not question:
        raise InputError("The question is empty; type what you want to know about the clip.")
    if len(question) > MOST_QUESTION:
        raise InputError(f"The question has {len(question)} characters; shorten it to {MOST_QUESTION}.")
    prompt = load_prompt(PROMPTS, "question", language)
    values = {"clues": as_lines(verdict.clues), "subtitle": quoted(subtitle), "question": quoted(question)}
    sentences = parse_sentences(chat.ask(prompt.messages(**values), TOKENS, check))
    grounded = ground(sentences, verdict, subtitle, alone=MODALITIES)
    return Answer(grounded.kept, sum(grounded.cut.values()), prompt.id, chat.name)
