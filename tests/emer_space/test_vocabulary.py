import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emer_space.errors import InputError, RuleError
from emer_space.vocabulary import load_vocabulary
from emer_space.vocabulary.entry import Entry, key, read_groups
from emer_space.vocabulary.vocabulary import TABLES
from emer_space.vocabulary.wheel import read_wheels

VOCABULARY = load_vocabulary()

EVERYDAY = """
a about after again all also always and answer any are around ask at away back be because before begin bring build buy
by call camera can change chair child city clear clip come could cut day different do door down-to-earth drink early
eat end enough even every example eye face family far father feel few find fine first food for form get give go green
group hand have head hear here high his home house how if in inside into it its just keep kitchen know large last late
learn leave left letter life light like line little live long look make man many may minute moment money month more
morning most mother mouth much music must name near need never new next nice night no not now number of off often oh
okay old on one only or other our out over own page paper part people person phone picture place please point put read
really red right road room run say school second see seem sentence set she should side simple since sit sleep slow so
some something speak stand start stay stop story street table take talk tell than that the them then there they thing
this those time to today together tomorrow too tree try turn two under until up us use very video voice wait walk want
wash watch water way we week well went what when where white who why will window with without woman word work world
write year yellow yes yesterday yet you young press reserve desert value move touch force
"""


def test_it_is_as_large_as_promised() -> None:
    assert len(VOCABULARY.words) >= 900
    assert 150 <= len(VOCABULARY.groups) <= 250
    assert len(VOCABULARY.chinese) >= 250
    assert len(VOCABULARY.forms()) > 3 * len(VOCABULARY.words)


def test_each_word_stands_in_one_group_under_a_head() -> None:
    members = [word for words in VOCABULARY.groups.values() for word in words]
    assert sorted(members) == list(VOCABULARY.words)
    assert all(head == words[0] for head, words in VOCABULARY.groups.items())
    assert len({key(word) for word in members}) == len(members)


def test_every_word_is_in_range_and_finds_itself() -> None:
    for word in VOCABULARY.words:
        entry = VOCABULARY.lookup(word)
        assert entry is not None and entry.word == word
        assert -1 <= entry.valence <= 1 and -1 <= entry.arousal <= 1
        assert set(entry.synonyms) | {word} == set(VOCABULARY.groups[entry.group])
        assert entry.wheel[0] in VOCABULARY.primary.inner
        assert entry.wheel == VOCABULARY.path(word)


@pytest.mark.parametrize("wheel", VOCABULARY.wheels)
def test_every_word_reaches_both_rings_of_every_wheel(wheel: str) -> None:
    rings = VOCABULARY.wheels[wheel]
    places = set(rings.paths())
    for word in VOCABULARY.words:
        path = VOCABULARY.path(word, wheel)
        assert path in places or path[:-1] in places, (word, path)
        assert VOCABULARY.lookup(path[-1]) is VOCABULARY.lookup(word), (word, path)
        assert VOCABULARY.group(word, wheel, 1) == path[0]
        assert VOCABULARY.group(word, wheel, 2) in rings.middle(path[0]), (word, path)


@pytest.mark.parametrize(
    ("wheel", "inner"),
    [
        ("roberts", {"happy", "surprised", "bad", "fearful", "angry", "disgusted", "sad", "neutral"}),
        ("willcox", {"mad", "sad", "scared", "joyful", "powerful", "peaceful", "neutral"}),
        ("parrott", {"love", "joy", "surprise", "anger", "sadness", "fear", "neutral"}),
        (
            "plutchik",
            {"joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation", "neutral"},
        ),
    ],
)
def test_inner_rings_are_the_published_ones_and_neutral(wheel: str, inner: set[str]) -> None:
    assert set(VOCABULARY.wheels[wheel].inner) == inner
    assert ("neutral",) in VOCABULARY.wheels[wheel].added


def test_the_geneva_wheel_has_its_twenty_families() -> None:
    assert len(VOCABULARY.wheels["geneva"].inner) == 21


def test_words_on_a_published_wheel_keep_their_place() -> None:
    for wheel in VOCABULARY.wheels.values():
        for path in wheel.paths():
            if VOCABULARY.lookup(path[-1]) is None:
                continue
            assert VOCABULARY.path(path[-1], wheel.name) in set(wheel.paths())


@pytest.mark.parametrize(
    ("label", "base"),
    [
        ("saddened", "saddened"),
        ("Happily", "happy"),
        ("HAPPINESS", "happy"),
        ("happier", "happy"),
        ("worrying", "worried"),
        ("worries", "worried"),
        ("anger", "angry"),
        ("furious with", "furious"),
        ("fear", "fearful"),
        ("joy", "joyful"),
        ("anxiety", "anxious"),
        ("irritation", "irritated"),
        ("irritating", "irritated"),
        ("embarrassment", "embarrassed"),
        ("sarcasm", "sarcastic"),
        ("self deprecation", "self-deprecating"),
        ("Self-Deprecating", "self-deprecating"),
        ("self_mocking", "self-mocking"),
        ("very sad", "sad"),
        ("a bit of a sense of unease", "uneasy"),
        ("  'relieved'. ", "relieved"),
        ("skeptical", "sceptical"),
        ("honored", "honoured"),
        ("demoralized", "demoralised"),
        ("grieves", "grieving"),
        ("negative emotions", "negative"),
        ("高兴", "happy"),
        ("非常愤怒", "angry"),
        ("无奈的", "helpless"),
        ("有点委屈", "aggrieved"),
    ],
)
def test_forms_lead_to_their_base(label: str, base: str) -> None:
    entry = VOCABULARY.lookup(label)
    assert entry is not None and entry.word == base


@pytest.mark.parametrize("label", ["", " ", "...", "not happy", "no fear", "不是", "emotion", "桌子", "very", "with"])
def test_what_is_no_label_is_not_known(label: str) -> None:
    assert VOCABULARY.lookup(label) is None
    assert VOCABULARY.path(label) == ()
    assert VOCABULARY.group(label, "roberts", 1) is None


def test_everyday_words_are_not_emotion_words() -> None:
    assert [word for word in EVERYDAY.split() if VOCABULARY.lookup(word)] == []


@pytest.mark.parametrize("word", ["down", "kind", "mean", "blue", "cold", "lost", "free", "close", "still", "good"])
def test_words_of_several_meanings_are_known_and_marked(word: str) -> None:
    entry = VOCABULARY.lookup(word)
    assert entry is not None and entry.ambiguous
    assert word not in VOCABULARY.forms()
    assert VOCABULARY.forms(ambiguous=True)[word] == word


def test_forms_hold_every_plain_word_and_only_known_ones() -> None:
    everything = VOCABULARY.forms(ambiguous=True)
    assert set(VOCABULARY.forms()) <= set(everything)
    assert set(everything.values()) == set(VOCABULARY.words)
    assert all(form == key(form) for form in everything)
    assert {"happy", "anger", "tearful", "self deprecating"} <= set(VOCABULARY.forms())


@pytest.mark.parametrize("behaviour", ["smiling", "laughs", "tears", "sighing", "quarrel"])
def test_what_people_do_is_a_label_but_not_searched_for_in_texts(behaviour: str) -> None:
    assert VOCABULARY.lookup(behaviour) is not None
    assert behaviour not in VOCABULARY.forms()


def test_lists_of_the_forms_table_are_about_known_forms() -> None:
    table = tomllib.loads((TABLES / "forms.toml").read_text(encoding="utf-8"))
    assert [form for form in table["ambiguous"] if key(form) not in VOCABULARY.forms(ambiguous=True)] == []
    assert [word for word in table["adjectives_only"] if VOCABULARY.lookup(word) is None] == []
    assert not set(table["ambiguous"]) & set(table["excluded"]) & set(VOCABULARY.words)


@pytest.mark.parametrize(
    ("label", "inner"),
    [
        ("happy", "happy"),
        ("excited", "happy"),
        ("relieved", "happy"),
        ("amused", "happy"),
        ("grateful", "happy"),
        ("worried", "fearful"),
        ("anxious", "fearful"),
        ("wary", "fearful"),
        ("nervous", "fearful"),
        ("dissatisfied", "angry"),
        ("bitter", "angry"),
        ("sarcastic", "angry"),
        ("accusing", "angry"),
        ("contemptuous", "disgusted"),
        ("confused", "surprised"),
        ("shocked", "surprised"),
        ("aggrieved", "sad"),
        ("heartbroken", "sad"),
        ("embarrassed", "sad"),
        ("guilty", "sad"),
        ("bored", "bad"),
        ("tired", "bad"),
        ("calm", "neutral"),
        ("serious", "neutral"),
    ],
)
def test_conventional_places_on_the_primary_wheel(label: str, inner: str) -> None:
    assert VOCABULARY.group(label, "roberts", 1) == inner


def test_a_path_runs_from_the_inner_ring_to_the_word() -> None:
    assert VOCABULARY.path("happy") == ("happy",)
    assert VOCABULARY.path("worries") == ("fearful", "anxious", "worried")
    assert VOCABULARY.path("furious", "plutchik") == ("anger", "rage", "furious")
    assert VOCABULARY.path("envy", "parrott") == ("anger", "envy")


def test_a_word_of_the_inner_ring_takes_the_first_middle_one() -> None:
    assert VOCABULARY.group("angry", "roberts", 2) == "aggressive"
    assert VOCABULARY.group("furious", "roberts", 2) == "mad"


def test_relatedness_is_symmetric_and_stays_within_groups() -> None:
    assert VOCABULARY.related("irritation", "Annoyed")
    assert VOCABULARY.related("happy", "glad") and VOCABULARY.related("glad", "happy")
    assert not VOCABULARY.related("happy", "angry")
    assert not VOCABULARY.related("sad", "angry")
    assert VOCABULARY.related("Ziggurat", "ziggurat") and not VOCABULARY.related("ziggurat", "happy")


@given(st.sampled_from(VOCABULARY.words), st.sampled_from(VOCABULARY.words))
def test_every_word_is_related_to_itself_and_both_ways(a: str, b: str) -> None:
    assert VOCABULARY.related(a, b) == VOCABULARY.related(b, a)
    assert VOCABULARY.related(a, a)


def test_pleasant_words_are_pleasant_and_calm_ones_calm() -> None:
    def entry(word: str) -> Entry:
        found = VOCABULARY.lookup(word)
        assert found is not None
        return found

    for word in ("happy", "grateful", "relieved", "proud", "loving"):
        assert entry(word).valence > 0.5
    for word in ("angry", "terrified", "grieving", "disgusted", "lonely"):
        assert entry(word).valence < -0.5
    assert entry("furious").arousal > entry("annoyed").arousal > entry("sad").arousal > entry("sleepy").arousal


def test_nearest_chooses_among_the_words_given() -> None:
    assert VOCABULARY.nearest(0.8, 0.7, ["sad", "excited", "calm"]) == "excited"
    assert VOCABULARY.nearest(-0.7, -0.3, ["sadness", "excited", "not a word"]) == "sad"
    with pytest.raises(InputError, match="emotion words"):
        VOCABULARY.nearest(0, 0, ["table"])


def test_unknown_wheels_and_levels_are_named() -> None:
    with pytest.raises(InputError, match="roberts"):
        VOCABULARY.path("happy", "unheard")
    with pytest.raises(InputError, match="level"):
        VOCABULARY.group("happy", "roberts", 3)


def test_version_names_the_tables() -> None:
    date, _, digest = VOCABULARY.version.partition("-")
    assert date.count(".") == 2 and len(digest) == 8


def test_a_word_in_two_groups_is_refused(tmp_path: Path) -> None:
    (tmp_path / "happy.toml").write_text(
        '[[happy]]\nat = [1, 0]\nwords = ["glad"]\n[[content]]\nat=[1,0]\nwords=["Glad"]'
    )
    with pytest.raises(RuleError, match="Glad"):
        read_groups(tmp_path)
    (tmp_path / "happy.toml").write_text('[[happy]]\nat = [2, 0]\nwords = ["glad"]')
    with pytest.raises(RuleError, match="between -1 and 1"):
        read_groups(tmp_path)


def test_a_place_off_the_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(
        'title = "t"\nsource = "s"\nprimary = true\n[tree.sad]\nlow = []\n[places]\nx = ["sad", "high"]'
    )
    with pytest.raises(RuleError, match="sad/high"):
        read_wheels(tmp_path)


@given(st.text(max_size=60))
def test_any_text_may_be_looked_up(text: str) -> None:
    entry = VOCABULARY.lookup(text)
    assert entry is None or VOCABULARY.path(text)[-1]
    assert VOCABULARY.related(text, text)
