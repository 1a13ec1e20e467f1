"""A corpus of compositions in both languages, and what must hold of every one of them.

Every pattern of disambiguation, every cue, several people, turns, absences, conflicts, nothing at all, and what was
measured in real clips (`clue_making.py`).
"""

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from clue_making import HERE, PEOPLE, made, of_clips, of_cues, of_patterns, of_states, of_texts, together, verdict

from emer_space.analysis import LANGUAGES, MODALITIES, ClipFacts, Clue, Explanation, Label, Language, Person
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.clues.wording import reworded
from emer_space.disambiguation import Verdict, load_patterns
from emer_space.explanation import compose
from emer_space.labels import UNMARKED, read_labels
from emer_space.outline import MOST_POINTS, degree
from emer_space.prose import MOST_HAN, MOST_WORDS, REALISERS, Chinese, English
from emer_space.rewording import named
from emer_space.settings import Settings
from emer_space.text.textual import given_subtitle, read_textual
from emer_space.vocabulary import load_vocabulary

MOST_LONG = {"en": 30, "zh": 60}
MOST_OF_HEADLINE = {"en": 12, "zh": 32}
QUOTED = re.compile(r"“[^”]*”")
HAN = re.compile(r"[\u3400-\u9fff]")
DOUBT = {
    "en": r"\b(?:perhaps|may|might|maybe|seems?|hints?|probably|likely|cautious|if anything|possibly|would say)\b",
    "zh": r"或许|似乎|很可能|可能是|多半|也许|勉强可以|谨慎|大概",
}
"""Words of doubt: at most one a sentence. A table's own sentence about a conflict may weigh with them."""
CONTRADICTIONS = {
    "en": [
        (r"[Nn]o feeling can be read|too little to say", r"comes across|reads clearly|likely reading|is probably"),
        (r"on the \w+ alone|nothing but the", r"point the same way|go well together|bear each other out"),
        (r"faint by itself", r"signs are faint;"),
        (r"signs are faint", r"clearly|impression is plain|reading is clear"),
        (r"smiles", r"grimaces|draws down the corners"),
        (r"No face is found", r"(?:In the video|On screen|In the picture), "),
        (r"the sound track is silent|the clip has no sound", r"(?:In the audio|To the ear|On the sound track), "),
        (r"composed face|little expression", r"smiles|grimaces|stares|bares"),
        (r"loudly|close to shouting", r"softly|subdued|breathy"),
        (r"\bfast\b", r"\bslowly\b"),
    ],
    "zh": [
        (r"读不出|不足以判断", r"人物的情绪(?:显然|很可能|多半|或许|是)|最可能的解读"),
        (r"只能依据|没有别的依据", r"彼此印证|指向一致|相互吻合"),
        (r"都很微弱，", r"显然|明确|清楚"),
        (r"面带微笑|笑容灿烂", r"嘴角向下撇|像在哭泣"),
        (r"语速很快", r"语速缓慢"),
    ],
}
"""What may not stand in one explanation, unless a turn lies between or a pattern weighs it."""
NEVER = {
    "en": [(r"; from about|, but from about", r"Most of this rests|feeling lies in|that says most")],
    "zh": [(r"大约从第|秒左右转而", r"主要依据|主要体现")],
}
"""What may not stand in one explanation with a turn either."""
AGAINST_NATURE = re.compile(r" ,|\.\.|,,|  |\{|\}|\band and\b|^[a-z]|, ?\.|”\.”|\b(\w+) \1\b|\ba [aeio]\w")


@dataclass(frozen=True)
class Composition:
    name: str
    language: Language
    verdict: Verdict
    labels: tuple[Label, ...]
    told: Explanation


def composed(name: str, language: Language, found: Verdict, seed: str) -> Composition:
    labels = named(read_labels(found), language)
    if language != "en":
        found = replace(found, clues=reworded(found.clues, found.people, language)[0])
    return Composition(name, language, found, labels, compose(found, labels, seed, language))


@pytest.fixture(scope="module")
def corpus() -> list[Composition]:
    verdicts = itertools.chain(of_patterns(), of_cues(), of_states(), of_texts(), of_clips())
    return [
        composed(name, language, found, f"{number:064x}")
        for number, (name, found) in enumerate(verdicts)
        for language in LANGUAGES
    ]


def sentences(corpus: list[Composition], language: Language) -> Iterator[tuple[Composition, str]]:
    for each in corpus:
        if each.language == language:
            yield from ((each, sentence.text) for sentence in each.told.sentences)


def test_the_corpus_has_every_pattern_every_cue_and_two_hundred_of_each_language(corpus: list[Composition]) -> None:
    names = {each.name for each in corpus}
    assert {pattern.name for pattern in load_patterns()} <= {
        each.verdict.pattern.name for each in corpus if each.verdict.pattern
    }
    assert {cue for modality in MODALITIES for cue in rules_by_cue(modality)} <= names
    assert all(sum(each.language == language for each in corpus) >= 200 for language in LANGUAGES)


def test_it_is_short(corpus: list[Composition]) -> None:
    for each in corpus:
        assert len(each.told.sentences) <= MOST_POINTS == 7, each.told.text
        for sentence in each.told.sentences:
            bare = sentence.text if each.language == "en" else QUOTED.sub("", sentence.text)
            length = len(bare.split()) if each.language == "en" else len(HAN.findall(bare))
            assert length <= MOST_LONG[each.language], sentence.text


def test_every_sentence_rests_on_clues_that_are_there(corpus: list[Composition]) -> None:
    for each in corpus:
        known = {clue.id for clue in each.verdict.clues}
        assert bool(each.told.sentences) == bool(known), each.name
        for sentence in each.told.sentences:
            assert sentence.clues and set(sentence.clues) <= known, (each.name, sentence)
        joint = " " if each.language == "en" else ""
        assert each.told.text == joint.join(sentence.text for sentence in each.told.sentences)
        assert each.told.language == each.language


def test_no_sentence_contradicts_another(corpus: list[Composition]) -> None:
    for each in corpus:
        turned = re.search(r"At first|起初|一开始", each.told.text)
        evidence = [
            QUOTED.sub("", s.text)
            for s in each.told.sentences
            if not re.match(r"Someone else|Another|画面中另|旁边", s.text)
        ]
        if each.verdict.pattern:  # its own sentence names what it weighs
            evidence = [
                text for text in evidence if not text.startswith(tuple(each.verdict.pattern.wordings_in(each.language)))
            ]
        text = "\n".join(evidence)
        for one, other in CONTRADICTIONS[each.language]:
            if not turned and not each.verdict.pattern:
                assert not (re.search(one, text) and re.search(other, text)), (one, other, each.told.text)
        for one, other in NEVER[each.language]:
            assert not (re.search(one, text) and re.search(other, text)), (one, other, each.told.text)


def test_nothing_is_said_twice(corpus: list[Composition]) -> None:
    for each in corpus:
        texts = [sentence.text for sentence in each.told.sentences]
        assert len(set(texts)) == len(texts), each.told.text
        told = [clue for sentence in each.told.sentences[:-2] for clue in sentence.clues]
        assert len(set(told)) == len(told) or len(texts) < 3, (each.name, each.told.sentences)
        for text in texts:
            parts = re.split(r", and | and |, |，", QUOTED.sub("", text).rstrip(".。"))
            assert len(set(parts)) == len(parts), text


def test_a_sentence_doubts_once_and_a_headline_as_its_conclusion(corpus: list[Composition]) -> None:
    for each in corpus:
        own = each.verdict.pattern.wordings_in(each.language) if each.verdict.pattern else ()
        for sentence in each.told.sentences:
            text = QUOTED.sub("", sentence.text)
            if text not in {QUOTED.sub("", wording.replace("{words}", "“”")) for wording in own}:
                doubts = re.findall(DOUBT[each.language], text)
                clear = re.search(
                    r"clearly|plain|clear|显然|明确|清楚", text
                )  # "…, perhaps also …" beside what is clear
                assert len(doubts) <= 1, text
                assert not (doubts and clear) or re.search(r", perhaps also|，或许还有", text), text
        wordings = read_toml(f"explanation_{each.language}.toml")
        if each.labels and not each.verdict.open and len(each.told.sentences) > 1:
            told = each.told.sentences[-1].text
            said = [
                row
                for row in wordings["degree"].values()
                if any(told.startswith(w.split("{")[0]) for w in row["wordings"])
            ]
            start = each.told.headline[: max(len(row["headline"].split("{")[0]) for row in wordings["degree"].values())]
            assert any(start.startswith(row["headline"].split("{")[0]) for row in said), (told, each.told.headline)


def test_a_headline_is_short_and_agrees_with_the_first_label(corpus: list[Composition]) -> None:
    for each in corpus:
        headline = each.told.headline
        length = len(headline.split()) if each.language == "en" else len(HAN.findall(headline))
        assert 0 < length <= MOST_OF_HEADLINE[each.language], headline
        assert headline[-1] in ".。？" and not AGAINST_NATURE.search(headline), headline
        nothing = read_toml(f"explanation_{each.language}.toml")["headline"]["nothing"]
        if each.labels:
            first = REALISERS[each.language](each.verdict, "").name(each.labels[0])
            assert first.lower() in headline.lower(), (headline, each.labels)
        assert (nothing in headline) == (not each.labels)


def test_no_marked_feeling_stands_beside_neutral_or_calm(corpus: list[Composition]) -> None:
    for each in corpus:
        if each.labels and each.labels[0].label not in UNMARKED:
            unmarked = {load_vocabulary().name(word, each.language) for word in UNMARKED}
            last = each.told.sentences[-1].text
            assert not any(re.search(rf"\b{word}\b" if each.language == "en" else word, last) for word in unmarked), (
                last
            )


def test_english_is_set_as_english_is(corpus: list[Composition]) -> None:
    for _, text in sentences(corpus, "en"):
        bare = QUOTED.sub("“”", text)
        assert not AGAINST_NATURE.search(bare), text
        assert re.search(r"[.!?…]”?$", text) and (text[0].isupper() or text[0] == "“"), text
        assert not HAN.search(bare), text


def test_chinese_is_written_in_chinese(corpus: list[Composition]) -> None:
    for each, text in [*sentences(corpus, "zh"), *((c, c.told.headline) for c in corpus if c.language == "zh")]:
        bare = QUOTED.sub("“”", text)
        assert not re.search(r"[A-Za-z]|[,.;:?!()]|\s|[，、；：]{2}|[，、]。", bare), (each.name, text)
        assert text[-1] in "。？", text


def test_a_quotation_is_short_and_its_sense_is_said(corpus: list[Composition]) -> None:
    for each in corpus:
        whole = {str(clue.measurements.get("quote")) for clue in each.verdict.clues}
        for sentence in each.told.sentences:
            for quote in QUOTED.findall(sentence.text):
                assert quote.strip("“”") in whole or quote.endswith("…”"), sentence.text
                assert len(HAN.findall(quote)) <= MOST_HAN and len(quote.split()) <= MOST_WORDS, sentence.text
                foreign = bool(HAN.search(quote)) == (each.language == "en")
                where = re.escape(quote)
                if foreign:  # in brackets behind what it does, never the sentence's own words
                    assert re.search(rf"(?:\(|（|”, |”、){where}|用感叹的语气说{where}", sentence.text), sentence.text


def test_phrases_that_share_a_verb_say_so_in_their_table() -> None:
    told = composed(
        "joined", "en", verdict(together(("acoustic", "fast"), ("acoustic", "pressed"), ("acoustic", "high-thin"))), "0"
    )
    assert "speaks fast in a pressed, high, thin voice" in told.told.text
    for modality in MODALITIES:
        for rule in rules_by_cue(modality).values():
            bare = QUOTED.sub("", rule.phrase if len(rule.joins) < 3 else rule.joins[1])
            assert rule.absent or not re.search(r",| and ", bare), (
                rule.cue,
                "a phrase that is a list cannot stand in one",
            )
            assert not re.search(DOUBT["en"], bare) and not re.search(DOUBT["zh"], rule.zh.get("phrase", "")), rule.cue


def test_several_absences_of_one_kind_are_said_once() -> None:
    away = [
        made("face-away", "visual", n, start=s, end=e, person=None) for n, s, e in ((2, 0, 2), (3, 2.1, 3), (4, 4, 5))
    ]
    told = composed("away", "en", verdict([made("nod", "visual"), *away]), "0").told
    assert "No face is to be seen from 0 to 3 s and from 4 to 5 s." in told.text
    told = composed("away", "zh", verdict([made("nod", "visual"), *away]), "0").told
    assert "第0至3秒和第4至5秒画面中没有人脸。" in told.text


def test_one_person_is_not_told_as_another() -> None:
    other = made("weeping-grimace", "visual", 2, person="p2")
    for language, words in (("en", "grimaces as in weeping"), ("zh", "像在哭泣")):
        told = composed("two", language, verdict([made("smile-with-eyes", "visual"), other], PEOPLE), "0").told
        assert [words in sentence.text for sentence in told.sentences] == [
            False,
            True,
            *[False] * (len(told.sentences) - 2),
        ]


LONG_SEEN = (Person("p1", "main", 0.0, 20.0),)


def told_of(language: Language, clues: list[Clue], people: Sequence[Person] = LONG_SEEN) -> Explanation:
    return composed("case", language, verdict(clues, people), "0").told


@pytest.mark.parametrize(
    ("cue", "end", "english", "chinese"),
    [
        ("smile-with-eyes", 6.0, "smiles right up to the eyes for part of the clip.", "有一段时间面带微笑，"),
        ("smile-with-eyes", 19.0, "smiles right up to the eyes from beginning to end.", "自始至终面带微笑，"),
        ("smile-with-eyes", 2.0, "smiles right up to the eyes for a moment.", "有那么一会儿面带微笑，"),
        ("nod", 19.0, "nods again and again.", "人物不住地点头。"),
        ("nod", 1.0, "nods.", "人物点头。"),
        ("eyes-rolled", 19.0, "rolls the eyes.", "人物翻了个白眼。"),
    ],
)
def test_a_sign_lasts_as_long_as_the_person_is_seen_with_it(cue: str, end: float, english: str, chinese: str) -> None:
    clue = made(cue, "visual", start=0, end=end)
    assert told_of("en", [clue]).sentences[0].text.endswith(english)
    assert chinese in told_of("zh", [clue]).sentences[0].text


def test_what_is_done_again_and_again_has_a_wording_that_bears_it() -> None:
    clue = made("eyes-rolled", "visual")
    often = replace(clue, measurements={**clue.measurements, "times": 3})
    assert "rolls the eyes again and again" in told_of("en", [often]).text
    assert "人物反复翻白眼。" in told_of("zh", [often]).text


def test_a_sad_face_beside_the_main_person_is_told_and_one_that_is_hardly_read_is_not() -> None:
    glad, still = made("smile-with-eyes", "visual"), made("composed-face", "visual", 2, person="p2")
    for sure, english, chinese in (
        (0.48, "perhaps looks sad", "似乎整体上显得悲伤"),
        (0.2, "a composed face", "神情平静"),
    ):
        sad = made("face-reads-sad", "visual", 3, person="p2", confidence=sure)
        for language, wanted in (("en", english), ("zh", chinese)):
            (text,) = (
                s.text
                for s in told_of(language, [glad, still, sad], PEOPLE).sentences
                if "v3" in s.clues or "v2" in s.clues
            )
            assert wanted in text


def test_what_fits_the_leading_modality_is_not_said_to_add_little() -> None:
    cases = {"accusing": "goes with it|nothing else speaks against", "plain-words": "rest says little|rest adds little"}
    for cue, wanted in cases.items():
        found = verdict([made("stare", "visual"), made(cue, "textual", 2)])
        alone = replace(found, pattern=None, agreement="single-modality")
        told = composed("case", "en", alone, "0").told
        assert re.search(wanted, told.text) and "Only" not in told.headline, told.text


def test_words_that_take_no_side_do_not_agree_with_a_voice() -> None:
    found = verdict([made("trembling", "acoustic"), made("disbelief", "textual", 2, valence=0.0)])
    assert found.pattern and found.pattern.when["textual"] == {"quiet": True}
    assert "agree" not in composed("case", "en", found, "0").told.headline


def test_a_word_is_not_quoted_beside_the_sentence_that_it_is_of() -> None:
    facts = ClipFacts("", 1.0, None, None, None, False, False)
    for text, whole, part in (
        ("I love you.", "“I love you”", "names a feeling"),
        ("There is no hope.", "“There is no hope”", "denies feeling well"),
        ("I'm fine.", "“I'm fine”", "lets the matter drop"),
        ("I give up.", "“I give up”", "names a feeling"),
    ):
        clues = read_textual(given_subtitle(text, facts), facts, None, Settings(), CancelToken()).clues
        told = told_of("en", list(clues)).text
        assert whole in told and part not in told, told


def test_adjectives_and_adverbs_are_joined_as_english_joins_them() -> None:
    for cues, wanted in (
        ((("visual", "playful-look"), ("visual", "face-reads-fear")), "looks playful and afraid on the whole"),
        (
            (("acoustic", "playful-tone"), ("acoustic", "fast"), ("acoustic", "shouted")),
            "fast, playfully and close to shouting",
        ),
        ((("acoustic", "slow"), ("acoustic", "low-register")), "speaks slowly at a low pitch"),
        ((("visual", "gaze-down"), ("visual", "pondering")), "looks down and looks thoughtful"),
    ):
        told = English(verdict(together(*cues)), "0").predicate(together(*cues), doubting=False)
        assert wanted in told, told


def test_chinese_signs_that_begin_alike_share_their_beginning(corpus: list[Composition]) -> None:
    weary = made("weary-tone", "acoustic"), made("heavy-tone", "acoustic", 2)
    assert "语气疲惫而沉重" in Chinese(verdict(weary), "0").predicate(weary)
    heads = read_toml("explanation_zh.toml")["joining"]["heads"]
    for _, text in sentences(corpus, "zh"):
        parts = re.split("，", re.sub(r"（“.*?”）", "", text))
        for head in {"语气", "语带", "讲到", "身体"} & set(heads):
            assert sum(part.startswith(head) for part in parts) < 2, text


def test_degrees_of_doubt_are_one_table() -> None:
    assert [degree(share) for share in (1.0, 0.75, 0.74, 0.5, 0.3, 0.29, 0.0)] == [
        *("clear", "clear", "likely", "likely", "possible", "faint", "faint"),
    ]


def test_the_labels_of_real_clips_are_those_that_were_read_of_them() -> None:
    wanted = {row["name"]: row["labels"] for row in json.loads((HERE / "clip_clues.json").read_text(encoding="utf-8"))}
    assert {name: [label.label for label in read_labels(found)] for name, found in of_clips()} == wanted


# Grammar, by a parser: link-grammar (Debian) finds a whole analysis of a sentence, or none.

OPENINGS = (
    r"^(?:In the (?:video|picture|audio|text)|On screen|To the ear|On the sound track|As for what is said"
    r"|In words|At the same time|In addition|A little later|Later|Further on),? "
)
TIMES = r" (?:for most of the clip|from beginning to end|for part of the clip|for a moment|again and again)\."
UNKNOWN = (
    *("bursts out loudly", "draws up the brows", "ends on a rising pitch", "falls silent", "opens the eyes wide"),
    *("apologises", "exclaims", "lets out a short cry", "a mishap", "takes leave", "a dislike", "a kindness received"),
    *("up to the eyes", "in fright", "terrified"),
)
"""Good English that the parser does not know; sentences with it are left to a reader."""
WRONG = (
    "The person smiles and looks down, and faintly, and opens the eyes wide.",
    "The person draws up the brows, as if afraid, and down the corners of the mouth.",
    "The person smile broadly and nods.",
    "The person speaks with loudly and pressed.",
    "The person lets the voice fade and in a flat voice.",
    "The speaker names a feelings and a feeling.",
)
MOST_PARSED = 120


def ungrammatical(texts: list[str]) -> list[str]:
    """Those of the sentences that link-grammar cannot analyse."""
    command = ["link-parser", "en", "-batch", "-echo", "-timeout=2", "-limit=20", "-verbosity=1"]
    done = subprocess.run(command, input="\n".join(texts) + "\n", capture_output=True, text=True, check=False)
    assert "Batch mode turned on" in done.stdout, done.stderr
    lines = done.stdout.splitlines()
    return [before for before, line in itertools.pairwise(lines) if line.startswith("+++++ error")]


def test_what_is_told_of_a_person_is_grammatical(corpus: list[Composition]) -> None:
    assert shutil.which("link-parser"), "install the packages of packages-test.txt"
    told = set()
    for _, text in sentences(corpus, "en"):
        if re.search(OPENINGS, text):
            bare = re.sub(TIMES, ".", re.sub(OPENINGS, "", re.sub(r" \(“[^)]*”\)", "", text)))
            told.add(f"T{bare[1:]}")
    known = sorted(text for text in told if not any(words in text for words in UNKNOWN))
    assert len(known) > MOST_PARSED
    chosen = known[:: len(known) // MOST_PARSED]
    assert sorted(ungrammatical([*chosen, *WRONG])) == sorted(WRONG)
