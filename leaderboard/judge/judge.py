"""Hundreds of questions to a language model: several at a time, each answer saved at once, none asked twice.

An answer that cannot be read is asked for once more, with a remark. After that the sample stays unscored, with the
reason.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tqdm import tqdm

from emer_space.errors import Cancelled, ModelUnavailable
from emer_space.language_model.answer_cache import KeptAnswers, question_key
from emer_space.language_model.prompt_files import Prompt, load_prompt
from emer_space.models.chat import MOST_TOKENS, Chat, Message
from emer_space.settings import app_home, number_from_environment
from leaderboard.errors import JudgeUnavailable
from leaderboard.judge.transcript import Replay, Transcript
from leaderboard.metrics.judge import Purpose, Question, T, Verdicts

PROMPTS = Path(__file__).parent / "prompts"
AGAIN = Purpose("again", PROMPTS)
LANGUAGES = ("en", "zh")
ANSWERS = Path("judge") / "answers.jsonl"
"""The file of answers, relative to the app's home."""
AT_ONCE = 4
MOST_AT_ONCE = 256
MOST_REPEATED = 2_000
"""How many characters of an unreadable answer are sent back to the model."""
PROBE: list[Message] = [{"role": "user", "content": "Answer with the one word: here"}]
"""Sent after a question without an answer, to learn whether the question or the model is at fault."""

NOT_ASKED = "not asked, since too many answers could not be read"


class Judge:
    """Asks a `Chat`, at most `at_once` questions at a time. `file` keeps the answers, so that a run can be resumed.

    `more` holds further known answers by question key; `record` collects what the model says. Once the share of unread
    samples exceeds `bearable`, no more are asked: a file that breaks the model must not hold up others.
    """

    def __init__(
        self,
        chat: Chat,
        file: Path | None = None,
        more: Mapping[str, str] | None = None,
        language: str = "en",
        at_once: int | None = None,
        bearable: float = 1.0,
    ) -> None:
        self._chat = chat
        self._kept = KeptAnswers(chat, file, more) if file else None
        self._language, self._bearable = language, bearable
        self._at_once = at_once or at_once_from_environment()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.record = Transcript(chat.name)

    @classmethod
    def again(cls, record: Transcript, language: str = "en") -> "Judge":
        """A judge that replays a transcript, for a process that cannot reach the model."""
        judge = cls(Replay(record), language=language, at_once=1)
        judge.record.asked, judge.record.kept = record.asked, record.kept
        return judge

    def verdicts(self, purpose: Purpose, questions: Mapping[Any, Question[T]]) -> Verdicts[T]:
        """Ask one question for each sample, with the prompt of `purpose`; equal questions are asked once.

        Raises `JudgeUnavailable` if the model does not answer at all; the answers so far are kept.
        """
        prompt, again = (load_prompt(asked.folder, asked.name, self._language) for asked in (purpose, AGAIN))
        alike: dict[tuple[tuple[str, str], ...], list[Any]] = {}
        for sample, question in questions.items():
            alike.setdefault(tuple(sorted(question.values.items())), []).append(sample)
        values: dict[Any, T] = {}
        unread: dict[Any, str] = {}
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="judge") as pool:
            asked = {
                pool.submit(self._verdict, prompt, again, questions[samples[0]]): samples for samples in alike.values()
            }
            try:
                for done in tqdm(as_completed(asked), total=len(asked), unit="answer", desc=purpose.name, disable=None):
                    value, reason = done.result()
                    if reason:
                        unread |= dict.fromkeys(asked[done], reason)
                    else:
                        values |= dict.fromkeys(asked[done], value)
                    if len(unread) > self._bearable * len(questions):
                        break
            finally:  # after an interruption too: running requests end at their next word
                self._stop.set()
                pool.shutdown(cancel_futures=True)
        self._stop.clear()
        unread |= {sample: NOT_ASKED for sample in questions if sample not in values and sample not in unread}
        in_order = [sample for sample in questions if sample in values]
        return Verdicts(
            {sample: values[sample] for sample in in_order},
            {sample: unread[sample] for sample in questions if sample in unread},
            self._about(prompt),
        )

    def _about(self, prompt: Prompt) -> dict[str, Any]:
        record = self.record
        if self._kept:
            record.asked, record.kept = self._kept.asked, self._kept.found
        return {"model": record.model, "prompt": prompt.id, "asked": record.asked, "kept": record.kept}

    def _verdict(self, prompt: Prompt, again: Prompt, question: Question[T]) -> tuple[T | None, str]:
        """What the answer says and an empty reason; or None and the reason why it could not be read."""
        messages = prompt.messages((), **question.values)
        reason = ""
        for _ in range(2):
            try:
                answer = self._ask(messages)
            except ModelUnavailable as problem:
                self._check_alive(problem)
                reason = str(problem)
                continue
            try:
                return question.read(answer), ""
            except ValueError as problem:
                reason = str(problem)
                remark = again.messages(reason=reason)[-1]
                messages = [*messages, {"role": "assistant", "content": answer[:MOST_REPEATED]}, remark]
        return None, reason

    def _ask(self, messages: list[Message]) -> str:
        key = question_key(self._chat.name, messages)
        if self._kept is None and not isinstance(self._chat, Replay):
            with self._lock:
                self.record.asked += 1
        try:
            answer = (self._kept or self._chat).ask(messages, MOST_TOKENS, self._check)
        except ModelUnavailable as problem:
            self.record.failures[key] = str(problem)
            raise
        answer = answer.encode("utf-8", "replace").decode()  # a lone surrogate cannot be stored
        self.record.failures.pop(key, None)
        self.record.answers[key] = answer
        return answer

    def _check_alive(self, problem: ModelUnavailable) -> None:
        """Check that only this question failed. Raises `JudgeUnavailable` if the model answers nothing at all."""
        if isinstance(self._chat, Replay):
            return
        try:
            self._chat.ask(PROBE, MOST_TOKENS, self._check)
        except ModelUnavailable:
            raise JudgeUnavailable(
                f"{problem} The answers so far are kept; run this again when the model is back."
            ) from None

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled("The questions to the judge were stopped.")


def at_once_from_environment() -> int:
    """The value of `EMER_JUDGE_AT_ONCE`, by default 4. Raises `InputError` if it is not a number."""
    return number_from_environment("EMER_JUDGE_AT_ONCE", AT_ONCE, 1, MOST_AT_ONCE)


def answers_file() -> Path:
    """The default file of answers. It may be deleted."""
    return app_home() / ANSWERS


def chat_model() -> Chat | None:
    """The language model that judges, at `EMER_CHAT_URL`; None if the variable is not set."""
    from emer_space.models.endpoint import EndpointChat, endpoint_of

    endpoint = endpoint_of("chat")
    return EndpointChat(endpoint) if endpoint else None
