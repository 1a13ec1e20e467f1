"""What is read from words, and what is not."""

import re

import pytest

from emer_space.analysis import ClipFacts, Clue, Reading, Segment, Subtitle
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import load_rules
from emer_space.clues.situations import EVERYDAY
from emer_space.clues.speech_acts import chinese_table, speech_act_clues
from emer_space.clues.textual import MOST_CLUES, NOTICES, given_subtitle, read_textual
from emer_space.clues.utterance import guess_language, utterances
from emer_space.errors import Cancelled
from emer_space.models.sentences import SentenceEmbeddings
from emer_space.settings import Settings
from emer_space.vocabulary import load_vocabulary

FACTS = ClipFacts("0" * 64, 6.0, 640, 360, 25.0, True, True)


@pytest.fixture(scope="module")
def embeddings() -> SentenceEmbeddings:
    return SentenceEmbeddings()


def read(words: str, embeddings: SentenceEmbeddings | None = None) -> Reading:
    return read_textual(given_subtitle(words, FACTS), FACTS, embeddings, Settings(), CancelToken())


def by_cue(words: str) -> dict[str, Clue]:
    return {clue.cue: clue for clue in read(words).clues}


def valence(words: str) -> float:
    """Mean valence of the clues, weighted by their confidence."""
    clues = [clue for clue in read(words).clues if clue.valence is not None]
    return sum((clue.valence or 0) * clue.confidence for clue in clues) / sum(clue.confidence for clue in clues)


# The tables


def test_what_the_rules_suggest_is_in_the_vocabulary() -> None:
    vocabulary = load_vocabulary()
    words = {word for rule in load_rules("textual") for word in rule.suggests}
    words |= set(chinese_table()["feelings"].values())
    assert {word for word in words if vocabulary.lookup(word) is None} == set()


def test_every_statement_and_phrase_is_filled_by_the_quote() -> None:
    for rule in load_rules("textual"):
        for wording in (rule.statement, rule.phrase):
            assert set(re.findall(r"\{(\w+)", wording)) <= {"quote"}, rule.cue
            assert rule.absent or "{quote}" in wording, rule.cue


def test_every_row_names_its_source() -> None:
    assert all(len(rule.source) > 5 for rule in load_rules("textual"))


# Words that name a feeling


@pytest.mark.parametrize(
    ("words", "cue", "feeling", "quote"),
    [
        ("I am so happy.", "emotion-word", "happy", "so happy"),
        ("It makes me sad.", "emotion-word", "sad", "sad"),
        ("I am not happy.", "emotion-word-negated", "happy", "not happy"),
        ("I wasn't very happy with that.", "emotion-word-negated", "happy", "wasn't very happy"),
        ("Are you angry?", "emotion-word-asked", "angry", "angry"),
        ("If I were happy, I would stay.", "emotion-word-supposed", "happy", "happy"),
        ("I couldn't be happier.", "emotion-word", "happy", "couldn't be happier"),
        ("I feel so hurt.", "emotion-word", "hurt", "so hurt"),
    ],
)
def test_emotion_words_with_negation_question_and_supposition(words: str, cue: str, feeling: str, quote: str) -> None:
    clue = by_cue(words)[cue]
    assert clue.measurements["word"] == feeling
    assert clue.measurements["quote"] == quote


def test_a_negation_does_not_reach_over_a_contrast() -> None:
    clue = by_cue("I did not win, but I am happy.")["emotion-word"]
    assert clue.measurements["word"] == "happy"


@pytest.mark.parametrize(
    "words",
    ["Happy birthday to you.", "I'm afraid I can't help you.", "I am still waiting.", "He is a kind of doctor."],
)
def test_fixed_expressions_and_words_with_other_meanings_name_no_feeling(words: str) -> None:
    assert not any(cue.startswith("emotion-word") for cue in by_cue(words))


def test_the_speakers_own_feeling_weighs_more_than_one_seen_in_another() -> None:
    own, other = by_cue("I am sad.")["emotion-word"], by_cue("You look sad.")["emotion-word"]
    assert own.confidence > other.confidence
    assert own.suggests["sad"] > other.suggests["sad"]


def test_a_denied_pleasant_feeling_is_unpleasant() -> None:
    clue = by_cue("I am not happy.")["emotion-word-negated"]
    assert clue.valence is not None
    assert clue.valence < 0
    assert "happy" not in clue.suggests


# What sentences do


@pytest.mark.parametrize(
    ("words", "cue"),
    [
        ("Thank you so much for everything.", "thanks"),
        ("I am so sorry, I never meant to hurt you.", "apology"),
        ("Please don't leave me!", "begging"),
        ("How could you do this to me?", "accusing"),
        ("You will regret this.", "threatening"),
        ("You are such an idiot.", "insulting"),
        ("I am sick of this.", "complaining"),
        ("Don't worry, it will be all right.", "consoling"),
        ("I'm so sorry for your loss.", "consoling"),
        ("Congratulations on the new job!", "congratulating"),
        ("I am never going to do that, absolutely not.", "refusing"),
        ("What happened? Is she okay?", "anxious-asking"),
        ("No way! Are you serious?", "disbelief"),
        ("Goodbye, I will never forget you.", "farewell"),
        ("I'm fine, really.", "reassurance"),
        ("Yeah, right.", "irony-marker"),
        ("How lovely of you.", "irony-marker"),
        ("I should have listened to her.", "regret"),
        ("There is no hope left.", "despair"),
        ("Help me! He is coming!", "alarm"),
        ("I miss you so much.", "longing"),
        ("Thank god you are safe.", "relief-words"),
        ("你怎么能这样对我！", "accusing"),
        ("對不起，我錯了。", "apology"),
        ("求求你别走！", "begging"),
        ("恭喜你！", "congratulating"),
        ("我没事，真的。", "reassurance"),
    ],
)
def test_speech_acts(words: str, cue: str) -> None:
    assert cue in by_cue(words)


@pytest.mark.parametrize(
    ("words", "cue"),
    [
        ("No, thank you.", "thanks"),
        ("I'm so sorry for your loss.", "apology"),
        ("I can't believe it, we won!", "disbelief"),
        ("I am so happy I could cry.", "weeping-words"),
        ("The damned house burned in 1920, the museum says.", "insulting"),
        ("你不要走", "consoling"),
    ],
)
def test_what_a_sentence_does_not_do(words: str, cue: str) -> None:
    assert cue not in by_cue(words)


def test_joy_at_a_win_is_joy() -> None:
    reading = read("I can't believe it, we actually won! I am so happy I could cry.")
    cues = {clue.cue for clue in reading.clues}
    assert {"emotion-word", "triumph", "tears-of-joy", "happy-disbelief"} <= cues
    assert not cues & {"disbelief", "weeping-words", "words-negative", "emotion-word-negated"}
    assert all((clue.valence or 0) >= 0 for clue in reading.clues)
    assert not any("sad" in clue.suggests for clue in reading.clues)


def test_words_that_insist_too_much_are_pleasant_and_marked() -> None:
    words = "I am fine. Really. Everything is just wonderful, as always."
    clues = by_cue(words)
    assert {"words-positive", "reassurance", "irony-marker"} <= set(clues)
    assert valence(words) > 0
    assert clues["irony-marker"].measurements["quote"] == "just wonderful, as always"


def test_irony_weakens_the_pleasant_words_beside_it() -> None:
    plain, ironic = (
        by_cue("That is wonderful news for us.")["words-positive"],
        by_cue("Oh great, that is wonderful news for us."),
    )
    assert ironic["words-positive"].confidence < plain.confidence


# Chinese


@pytest.mark.parametrize(
    ("words", "cue", "feeling"),
    [
        ("我真的很难过。", "emotion-word", "sad"),
        ("我沒有生氣。", "emotion-word-denied", "angry"),
        ("你生气了吗？", "emotion-word-asked", "angry"),
    ],
)
def test_chinese_emotion_words(words: str, cue: str, feeling: str) -> None:
    clues = read(words).clues
    assert (cue, feeling) in [(clue.cue, clue.measurements.get("word")) for clue in clues]


def test_chinese_is_read_itself_and_not_in_its_translation() -> None:
    subtitle = Subtitle("我很难过。", "recognised", "zh", "I am very happy.", (Segment(0.0, 2.0, "我很难过。"),))
    clues = read_textual(subtitle, FACTS, None, Settings(), CancelToken()).clues
    assert [clue.measurements["word"] for clue in clues if clue.cue == "emotion-word"] == ["sad"]


# Situations


@pytest.mark.parametrize(
    ("words", "cue"),
    [
        ("They offered me the position!", "situation-winning"),
        ("I lost my grandmother two days ago.", "situation-loss"),
        ("I got fired for no reason.", "situation-unfairness"),
        ("I don't have any friends.", "situation-loneliness"),
    ],
)
def test_situations_are_told_by_whole_sentences(embeddings: SentenceEmbeddings, words: str, cue: str) -> None:
    assert cue in {clue.cue for clue in read(words, embeddings).clues}


@pytest.mark.parametrize(
    "words",
    [
        "Can you pass me the salt?",
        "The shop closes at six.",
        "Kids are talking by the door.",
        "We did not win anything, it was terrible.",
        "Sad.",
    ],
)
def test_everyday_matters_and_lone_words_are_no_situation(embeddings: SentenceEmbeddings, words: str) -> None:
    cues = {clue.cue for clue in read(words, embeddings).clues}
    assert not cues & {"situation-winning", "situation-celebration", "situation-loss", EVERYDAY}


def test_without_embeddings_the_rest_is_read_and_the_lack_is_said() -> None:
    reading = read("I am so happy.")
    assert reading.clues
    assert "sentences-missing" in {notice.code for notice in reading.notices}


# Absences and doubts


@pytest.mark.parametrize("subtitle", [None, Subtitle("", "none"), Subtitle("  ", "given")])
def test_no_words_are_an_absence(subtitle: Subtitle | None) -> None:
    (clue,) = read_textual(subtitle, FACTS, None, Settings(), CancelToken()).clues
    assert (clue.cue, clue.absent, dict(clue.suggests)) == ("no-words", True, {})


def test_doubtful_words_carry_no_clue() -> None:
    subtitle = Subtitle("I hate you.", "recognised", "en", doubtful="The words are doubtful: they repeat themselves.")
    reading = read_textual(subtitle, FACTS, None, Settings(), CancelToken())
    assert [(clue.cue, clue.absent) for clue in reading.clues] == [("doubtful-words", True)]
    assert [notice.code for notice in reading.notices] == ["subtitle-doubtful"]
    assert "hate" not in reading.clues[0].statement


def test_plain_words_are_called_plain_and_not_neutral() -> None:
    (clue,) = read("Dogs are sitting by the door.").clues
    assert (clue.cue, clue.absent, clue.valence, dict(clue.suggests)) == ("plain-words", False, 0.0, {})


def test_a_language_that_is_not_read_is_said() -> None:
    reading = read("Ich bin so traurig, dass du gehst.")
    assert [(clue.cue, clue.absent) for clue in reading.clues] == [("unread-words", True)]


def test_a_translation_is_read_with_less_confidence_and_says_so() -> None:
    said = (Segment(1.0, 3.0, "Ich bin so traurig."),)
    subtitle = Subtitle("Ich bin so traurig.", "recognised", "de", "I am so sad.", said)
    clue = {c.cue: c for c in read_textual(subtitle, FACTS, None, Settings(), CancelToken()).clues}["emotion-word"]
    assert clue.statement == "In translation, the words name a feeling: “so sad”."
    assert clue.confidence < by_cue("I am so sad.")["emotion-word"].confidence
    assert 1.0 <= clue.start < clue.end <= 3.0


# Form


def test_clues_are_at_the_time_of_their_sentence() -> None:
    segments = (Segment(0.5, 2.0, "The train is late."), Segment(4.0, 5.0, "I am so angry!"))
    subtitle = Subtitle("The train is late. I am so angry!", "recognised", "en", segments=segments)
    reading = read_textual(subtitle, FACTS, None, Settings(), CancelToken())
    assert all(4.0 <= clue.start < clue.end <= 5.0 for clue in reading.clues)
    assert reading.series[0].t == (1.25, 4.5)


@pytest.mark.parametrize("words", ["{0} {quote} I hate {you}!", "{{}} I am so sad {", "%s I am so sad \\ \" ' <b>"])
def test_what_is_written_in_the_words_is_only_quoted(words: str) -> None:
    reading = read(words)
    assert any(clue.cue == "emotion-word" for clue in reading.clues)
    for clue in reading.clues:
        assert str(clue.measurements["quote"]) in words


def test_many_words_give_few_clues_with_ids() -> None:
    words = (
        "I am so happy. I am sad. You liar! How dare you? Thank you. Help me! I miss you. What if she is dead? " * 12
    )
    clues = read(words).clues
    assert len(clues) <= MOST_CLUES
    assert [clue.id for clue in clues] == [f"t{number}" for number in range(1, len(clues) + 1)]
    assert len({(clue.cue, clue.measurements.get("word")) for clue in clues}) == len(clues)


@pytest.mark.parametrize("words", ["ha" * 1000, "i " * 1000, "you really " * 180, "…" * 2000, "我" * 2000, "!" * 2000])
def test_odd_words_are_survived(words: str) -> None:
    for clue in read(words[:2000]).clues:
        assert len(clue.statement) < 300


def test_reading_twice_gives_the_same(embeddings: SentenceEmbeddings) -> None:
    words = "My husband has been cheating on me. I should have known. I hate him!"
    assert read(words, embeddings) == read(words, embeddings)


def test_a_cancelled_reading_stops() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        read_textual(given_subtitle("I am sad.", FACTS), FACTS, None, Settings(), token)


def test_a_notice_is_one_sentence() -> None:
    assert all(message.endswith(".") and "\n" not in message for message in NOTICES.values())


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("I don't know what you mean.", "en"),
        ("我不知道。", "zh"),
        ("これは何ですか", None),
        ("Ich weiß nicht, was du meinst.", None),
        ("Je ne sais pas ce que tu veux dire.", None),
        ("123 …", None),
    ],
)
def test_the_language_of_a_given_subtitle(words: str, language: str | None) -> None:
    assert guess_language(words) == language


def test_an_english_sentence_is_no_match_for_chinese_rules() -> None:
    (utterance,) = utterances(given_subtitle("我们明天九点开会。", FACTS), FACTS)
    assert list(speech_act_clues(utterance)) == []
