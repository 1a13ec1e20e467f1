"""What is read from words, and what is not."""

import re

import pytest

from emer_space.analysis import ClipFacts, Clue, Reading, Segment, Subtitle
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import load_rules
from emer_space.errors import Cancelled
from emer_space.models.sentences import SentenceEmbeddings
from emer_space.settings import Settings
from emer_space.text.situations import EVERYDAY
from emer_space.text.speech_acts import chinese_table, speech_act_clues
from emer_space.text.textual import MOST_CLUES, NOTICES, given_subtitle, read_textual
from emer_space.text.utterance import guess_language, utterances
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
    words |= set(chinese_table()["feelings"])
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
        ("Am I happy?", "emotion-word-supposed", "happy", "happy"),
        ("Am I happy? Of course I am!", "emotion-word", "happy", "happy"),
        ("I'm scared, okay?", "emotion-word", "scared", "scared"),
        ("I'm angry, are you happy now?", "emotion-word", "angry", "angry"),
        ("I'm angry, are you happy now?", "emotion-word-asked", "happy", "happy"),
        ("Did you know I was so lonely?", "emotion-word", "lonely", "so lonely"),
        ("Can't you see that I am sad?", "emotion-word", "sad", "sad"),
        ("Don't you see I'm scared?", "emotion-word", "scared", "scared"),
        ("Is it wrong that I feel ashamed?", "emotion-word", "ashamed", "ashamed"),
        ("Do you know if he is angry?", "emotion-word-asked", "angry", "angry"),
        ("我害怕，怎么办？", "emotion-word", "afraid", "害怕"),
        ("I am anything but happy.", "emotion-word-negated", "happy", "anything but happy"),
        ("I am free of fear now.", "emotion-word-denied", "fearful", "free of fear"),
        ("我怎么可能不伤心呢", "emotion-word", "sad", "怎么可能不伤心"),
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


@pytest.mark.parametrize(
    "words", ["I'm sick of this job.", "I am sick and tired of it all.", "She's fed up with them."]
)
def test_who_is_sick_of_something_is_not_ill(words: str) -> None:
    clue = by_cue(words)["emotion-word"]
    assert set(clue.suggests) == {"fed up"}
    assert "sick" in by_cue("I feel sick.")["emotion-word"].suggests


@pytest.mark.parametrize(
    ("words", "cue", "quote"),
    [
        ("What a lovely surprise it was to see you!", "praising", "What a lovely surprise"),
        ("What a lovely!", "praising", "What a lovely"),
        ("Get out of my house, now.", "ordering", "Get out of my house"),
        ("I'm sick of this job, I hate it.", "complaining", "I'm sick of this job"),
        ("I'm sick of this.", "complaining", "I'm sick of this"),
        ("I love you and your dog.", "affection", "I love you"),
    ],
)
def test_a_quotation_ends_with_a_word_that_closes_the_phrase(words: str, cue: str, quote: str) -> None:
    assert by_cue(words)[cue].measurements["quote"] == quote


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
        ("Great, just great.", "sarcasm"),
        ("Wow, thanks a lot for ruining my birthday.", "sarcasm"),
        ("你們一個個都不是好東西", "insulting"),
        ("你們一个个都不是好东西！", "insulting"),
        ("你算什麼東西？", "insulting"),
        ("我跟你没完！", "threatening"),
        ("岂有此理！", "complaining"),
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
        ("This is great, just as I hoped.", "sarcasm"),
        ("Wow, thanks a lot for ruining my birthday.", "thanks"),
        ("Thank you for watching.", "thanks"),
        ("这不是好东西吗？", "insulting"),
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


# Misreadings


def feelings(words: str) -> dict[str, float]:
    """The suggested words with their largest weight times confidence."""
    weighed: dict[str, float] = {}
    for clue in read(words).clues:
        for word, weight in clue.suggests.items():
            weighed[word] = max(weighed.get(word, 0.0), weight * clue.confidence)
    return weighed


def first_feeling(words: str) -> str:
    weighed = feelings(words)
    return max(weighed, key=lambda word: weighed[word])


@pytest.mark.parametrize("words", ["...", '"', "!", "?!", "，。", "- -"])
def test_marks_alone_are_no_words(words: str) -> None:
    reading = read(words)
    assert [(clue.cue, clue.absent) for clue in reading.clues] == [("no-words", True)]
    assert reading.notices == ()


@pytest.mark.parametrize(
    ("words", "feeling"),
    [
        ("😀😀😀", "happy"),
        ("😢", "sad"),
        ("😡", "angry"),
        ("😱", "afraid"),
        ("❤️", "loving"),
        ("😂", "amused"),
        ("我😡", "angry"),
        ("Nooo!", "distressed"),
        ("Hahaha", "amused"),
        ("Oh!", "surprised"),
        ("Hmm.", "thoughtful"),
        ("Ugh.", "annoyed"),
        ("*sigh*", "weary"),
        ("呜呜呜", "sad"),
        (":(", "sad"),
        (":'(", "sad"),
        (":D", "happy"),
    ],
)
def test_signs_and_interjections_are_read_in_any_language_and_weigh_little(words: str, feeling: str) -> None:
    assert first_feeling(words) == feeling
    assert all(
        clue.confidence <= 0.5 and weight <= 0.6 for clue in read(words).clues for weight in [*clue.suggests.values()]
    )


def test_a_sign_stands_beside_the_words() -> None:
    assert {"triumph", "emoji-joy"} <= set(by_cue("I passed😀"))


def test_of_mixed_languages_the_known_part_is_read_and_the_rest_is_named() -> None:
    reading = read("Danke, mir geht es gut. I am happy. 我很难过。")
    assert {clue.measurements.get("word") for clue in reading.clues} >= {"happy", "sad"}
    (message,) = (notice.message for notice in reading.notices if notice.code == "words-unread-in-part")
    assert message == "Some of the words are neither English nor Chinese and were not read: “Danke, mir geht es gut”."


def test_the_english_clauses_of_a_mixed_sentence_are_read() -> None:
    reading = read("I told you yesterday, estoy muy enojada contigo, and you never listen to me.")
    assert "accusing" in {clue.cue for clue in reading.clues}
    assert "enojada" in next(notice.message for notice in reading.notices if notice.code == "words-unread-in-part")


@pytest.mark.parametrize(
    ("words", "feeling"),
    [
        ("I'm afraid there is someone in the house.", "afraid"),
        ("I'm afraid you will leave me.", "afraid"),
        ("看到他们在一起，我心如刀割。", "sad"),
        ("我吓得毛骨悚然。", "fearful"),
        ("聽到這個消息，我喜出望外。", "happy"),
        ("真令人作嘔。", "disgusted"),
    ],
)
def test_a_feeling_is_named_in_an_idiom_as_well(words: str, feeling: str) -> None:
    assert first_feeling(words) == feeling


@pytest.mark.parametrize(
    "words",
    [
        *("I'm afraid I can't come.", "I'm afraid there is no milk left.", "I'm afraid we're out of milk."),
        *("谢谢观看", "感谢您的收听", "不好意思，请问现在几点", "Sorry, could you tell me the time?"),
    ],
)
def test_a_polite_formula_is_no_feeling(words: str) -> None:
    assert feelings(words) == {}


@pytest.mark.parametrize("words", ["My brother is furious with me.", "The music is sad."])
def test_the_feeling_of_a_relative_or_a_thing_is_not_the_speakers(words: str) -> None:
    clue = by_cue(words)["emotion-word"]
    assert not clue.suggests


@pytest.mark.parametrize(
    ("words", "feeling"),
    [("I'm afraid we're going to die.", "afraid"), ("谢谢你！", "grateful"), ("不好意思，我错了", "sorry")],
)
def test_the_words_of_a_polite_formula_count_elsewhere(words: str, feeling: str) -> None:
    assert feeling in feelings(words)


@pytest.mark.parametrize(
    "words",
    [
        *("Yeah, right, like you ever cared.", "Yeah, right, I'm thrilled to work on Sunday."),
        *("真是太好了，又要加班", "你真行啊，把我的生日都毁了"),
    ],
)
def test_sarcasm_leaves_nothing_pleasant(words: str) -> None:
    clues = by_cue(words)
    assert "sarcasm" in clues
    assert all((clue.valence or 0) <= 0 for clue in clues.values())


def test_a_quarrel_that_turns_keeps_both_feelings() -> None:
    assert {"hateful", "loving"} <= set(feelings("I hate you! Get out! I am sorry, I love you."))


def test_notices_say_in_which_languages_to_type() -> None:
    assert all("in English or Chinese" in NOTICES[code] for code in ("subtitle-doubtful", "language-unread"))


@pytest.mark.parametrize(
    ("words", "first", "absent_cues"),
    [
        ("I love this song.", "pleased", {"situation-nostalgia", "emotion-word"}),
        ("I'm mad about you", "loving", {"emotion-word"}),
        ("Nobody loves me", "hurt", {"words-positive", "emotion-word-negated"}),
        ("I could not be happier", "happy", {"emotion-word-supposed", "emotion-word-negated"}),
        ("You don't care about me!", "angry", {"emotion-word"}),
        ("I'm not angry, I'm furious!", "furious", {"reassurance", "emotion-word-denied", "words-positive"}),
        ("I was so scared yesterday but now I'm fine", "relieved", {"emotion-word", "reassurance"}),
        ("昨天我很害怕，但是现在没事了。", "relieved", {"emotion-word", "worry-words"}),
        ("I wish I were happy", "unhappy", {"emotion-word", "emotion-word-supposed", "words-positive"}),
        ("I used to be happy.", "dissatisfied", {"emotion-word", "words-positive"}),
        ("I hate Mondays", "annoyed", {"emotion-word"}),
        ("I don't love this song.", "annoyed", {"likes-something", "emotion-word-negated"}),
        ("I love her voice.", "pleased", {"affection"}),
        ("没有人爱我。", "hurt", {"emotion-word", "affection"}),
    ],
)
def test_what_is_said_is_not_what_single_words_say(words: str, first: str, absent_cues: set[str]) -> None:
    assert first_feeling(words) == first
    assert not absent_cues & set(by_cue(words))


@pytest.mark.parametrize("words", ["我不难过", "I'm not sad.", "I never said I was sad"])
def test_a_denied_feeling_is_little_more_than_nothing(words: str) -> None:
    clues = by_cue(words)
    assert "reassurance" not in clues
    assert abs(clues["emotion-word-denied"].valence or 0) <= 0.12
    assert not clues["emotion-word-denied"].suggests


def test_a_person_is_hated_and_a_thing_disliked() -> None:
    assert "emotion-word" in by_cue("I hate you!")
    assert "emotion-word" in by_cue("I love my wife.")
    assert {"dislikes-something", "likes-something"} <= set(by_cue("I hate my job.")) | set(by_cue("I love it here."))


def test_stances_weigh_less_than_feelings() -> None:
    stances = {
        *("reassuring", "polite", "defensive", "reproachful", "sarcastic", "threatening", "mocking", "commanding"),
        *("encouraging", "friendly", "unwilling"),
    }
    for rule in load_rules("textual"):
        felt = [weight for word, weight in rule.suggests.items() if word not in stances]
        told = [weight for word, weight in rule.suggests.items() if word in stances]
        assert max(told, default=0) <= min(0.25, max(felt, default=0.25)), rule.cue


NEUTRAL = [
    "Kids are talking by the door.",
    "Dogs are sitting by the door.",
    "It's eleven o'clock.",
    "Say the word dog.",
    "I think I have a doctor's appointment.",
    "Maybe tomorrow it will be cold.",
    "Don't forget a jacket.",
    "The airplane is almost full.",
    "We'll stop in a couple of minutes.",
    "That is exactly what happened.",
    "I'm on my way to the meeting.",
    "I wonder what this is about.",
    "The surface is slick.",
    "I would like a new alarm clock.",
    "She had your dark suit in greasy wash water all year.",
    "Don't ask me to carry an oily rag like that.",
    "The tablecloth is lying on the fridge.",
    "She will hand it in on Wednesday.",
    "Tonight I could tell him.",
    "窗户开着。",
    "他把书放在桌子上。",
    "今天星期三。",
    "她在厨房里做饭。",
    "请把门关上。",
    "我去超市买牛奶。",
    "他可能下午来。",
    "The keys are on the kitchen table.",
    "The library is on the second floor.",
    "I have to pick up the parcel at four.",
    "There are three chairs in the room.",
    "I will call the plumber in the morning.",
    "The film begins at a quarter past eight.",
    "Could you tell me the way to the post office?",
    "They are painting the fence white this weekend.",
    "The exam has three parts.",
    "The hospital has four hundred beds.",
    "My grandfather was a farmer.",
    "The song lasts four minutes.",
    "The toilet is at the end of the corridor.",
    "A policeman is standing at the crossing.",
    "The test takes ten minutes.",
    "I met an old friend at the station.",
    "My mother works as a cleaner in the hospital.",
    "He left the office at five.",
]


@pytest.mark.parametrize("words", NEUTRAL)
def test_neutral_sentences_carry_no_feeling_however_they_end(embeddings: SentenceEmbeddings, words: str) -> None:
    for ending in {words[-1], "！" if words[-1] == "。" else "!", ""}:
        clues = read(words[:-1] + ending, embeddings).clues
        assert [(clue.cue, dict(clue.suggests)) for clue in clues] == [("plain-words", {})]


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
