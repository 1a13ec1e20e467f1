"""Labels read from explanations: what is concluded against what is merely mentioned."""

import json
from pathlib import Path

import pytest

from emer_space.commands.label_file import write_labels
from emer_space.errors import InputError
from emer_space.text.clauses import stretches, tables
from emer_space.text.text_labels import claims, text_labels
from emer_space.vocabulary import load_vocabulary

EXPLANATION = (
    "In the video, a young woman looks calm at first, and then frowns at her guest. "
    "In the audio, her voice is low and trembles slightly, suggesting nervousness. "
    'In the text, one reads, "I am so happy for you!" '
    "This sentence may be a congratulation. "
    "Based on her frown and the trembling voice, we can infer that she is disappointed and jealous. "
    "Therefore, this sentence expresses her jealousy rather than joy."
)

CASES = [  # text, words that must be among the labels (or a near-synonym of them), words that must not
    ("There is no sign of unease in her face; she is calm.", {"calm"}, {"uneasy"}),
    ("He speaks without any anger, but he is clearly disappointed.", {"disappointed"}, {"angry"}),
    ("There is neither joy nor sorrow in his voice, only exhaustion.", {"exhausted"}, {"joyful", "sorrowful"}),
    ("Without joy, sorrow, or regret, she stays indifferent.", {"indifferent"}, {"joyful", "sad", "remorseful"}),
    ("He does not smile, worried that she may fall.", {"worried"}, {"happy"}),
    ("He speaks with some confidence of his sadness.", {"sad"}, {"confident"}),
    ("He isn't angry, just tired.", {"tired"}, {"angry"}),
    ("He is anything but happy.", set(), {"happy"}),
    ("She is far from calm: she trembles with fear.", {"fearful"}, {"calm"}),
    ("Rather than being angry, she feels hurt.", {"hurt"}, {"angry"}),
    ("He feels sad instead of angry.", {"sad"}, {"angry"}),
    ("He failed to show any sympathy and remained indifferent.", {"indifferent"}, {"sympathetic"}),
    ("She is not only surprised but also delighted.", {"surprised", "delighted"}, set()),
    ("At first she looks worried, then she is relieved.", {"relieved"}, {"worried"}),
    ("From initial anger he moves to acceptance, and finally he feels relieved.", {"relieved"}, {"angry"}),
    ("His anger has faded and he is now calm.", {"calm"}, {"angry"}),
    ("She is no longer afraid.", set(), {"afraid"}),
    ("She tries to hide her anger behind a polite smile.", {"angry"}, {"happy"}),
    ("Her laughter hides a deep sadness.", {"sad"}, {"happy"}),
    ("His smile is forced; he is in fact deeply ashamed.", {"ashamed"}, {"happy"}),
    ("What looks like anger is really fear.", {"fearful"}, {"angry"}),
    ("He pats her shoulder, as if to console her, and looks at her with concern.", {"concerned"}, {"sad"}),
    ("He jokes to ease the tense atmosphere and laughs happily.", {"happy"}, {"tense"}),
    ("If she were sad, she would cry. She smiles brightly and looks delighted.", {"delighted"}, {"sad"}),
    ("She would be sad if he left, yet today she is cheerful.", {"cheerful"}, {"sad"}),
    ("The other person seems angry. The woman, however, stays amused and laughs.", {"amused"}, {"angry"}),
    ("Unlike his brother, who is furious, he stays calm.", {"calm"}, {"furious"}),
    ("The man is urging the other person to be cheerful; he is worried himself.", {"worried"}, {"cheerful"}),
    ("Although he smiles, he feels lonely.", {"lonely"}, {"happy"}),
    ("Her words sound friendly, but her voice is bitter and full of contempt.", {"bitter"}, {"friendly"}),
    ("She bursts into tears and cannot stop.", {"sad"}, {"happy"}),
    ("Tears of joy run down her face; she is deeply moved.", {"happy"}, {"sad"}),
    ("She raises her voice at him and slams the door.", {"angry"}, {"sad"}),
    ("He lowers his head, his shoulders slump, and he sighs deeply.", {"sad"}, {"happy"}),
    ("He stammers, his hands shake, and sweat stands on his forehead.", {"nervous"}, {"happy"}),
    ("Nothing in his voice suggests anger.", set(), {"angry"}),
    ("Nobody at the table is happy.", set(), {"happy"}),
    ("She doesn't seem to be angry or upset, just confused.", {"confused"}, {"angry", "upset"}),
    ("She is not really angry.", set(), {"angry"}),
    ("There is little joy in her eyes, but much grief.", {"grieving"}, {"joyful"}),
    ("He is a little sad.", {"sad"}, set()),
    ("He is too frightened to laugh.", {"frightened"}, {"happy"}),
    ("He is not too frightened to laugh.", {"happy"}, set()),
    ("He is only too happy to help.", {"happy"}, set()),
    ("She can't help feeling proud.", {"proud"}, set()),
    ("She cannot hide her joy.", {"joyful"}, set()),
    ("She cannot stop crying.", {"sad"}, set()),
    ("He speaks not without pride.", {"proud"}, set()),
    ("He could not be happier.", {"happy"}, set()),
    ("She is not unhappy.", {"happy"}, {"unhappy"}),
    ("He isn't just angry, he is disgusted.", {"angry", "disgusted"}, set()),
    ("His mother is furious. He stays calm.", {"calm"}, {"furious"}),
    ("His mother is furious.", set(), {"furious"}),
    ("The girl's younger brother is furious.", set(), {"furious"}),
    ("She fears that her husband is angry.", {"fearful"}, {"angry"}),
    ("Her boss yells at her, and she is sad.", {"sad"}, {"angry"}),
    ("Her furious mother stands behind her.", set(), {"furious"}),
    ("He tells his mother that he is angry.", {"angry"}, set()),
    ("He hugs his mother sadly.", {"sad"}, set()),
    ("One reads: 'I am so happy to see you all.' The man nods.", set(), {"happy"}),
    ("One reads: ‘I'm so happy to see you all.’ The man nods.", set(), {"happy"}),
    ("The boys' faces are happy, and the girl's are sad.", {"happy", "sad"}, set()),
    ("Is he angry? The man sits at a table.", set(), {"angry"}),
    ("Were he angry, he would shout.", set(), {"angry"}),
    ("Why is he so angry? The man sits at a table.", {"angry"}, set()),
    ("She is disappointed, isn't she?", {"disappointed"}, set()),
    ("The teacher's voice sounds angry.", {"angry"}, set()),
    ("Her teacher's voice sounds angry.", set(), {"angry"}),
    ("Hugging his mother sadly, he leaves.", {"sad"}, set()),
    ("Nothing makes her happy.", set(), {"happy"}),
    ("No one can doubt her happiness.", {"happy"}, {"doubtful"}),
    ("His fist betrays him.", set(), {"betrayed"}),
    ("His smile betrays his pride.", {"proud"}, {"betrayed"}),
    ("A happy hour menu hangs on the wall while a sad song is playing.", set(), {"happy", "sad"}),
    ("She swallows hard, staring into the distance.", {"nervous"}, {"distant"}),
    ("She turns up her nose.", {"contemptuous"}, set()),
    ("他被吓得说不出话来，脸色苍白。", {"fearful"}, set()),
    ("她感到无奈和难过。", {"helpless", "sad"}, set()),
    ("她掩饰不住内心的喜悦。", {"joyful"}, set()),
    ("他不得不感到难过。", {"sad"}, set()),
    ("他忍不住感到愤怒。", {"angry"}, set()),
    ("她并没有感到愤怒。", set(), {"angry"}),
    ("他的妈妈很生气，他感到害怕。", {"afraid"}, {"angry"}),
    ("他担心妻子会生气。", {"worried"}, {"angry"}),
    ("他对他的妻子感到愤怒。", {"angry"}, set()),
    ("他生气了吗？", set(), {"angry"}),
    ("她看起来很生气，声音很大。", {"angry"}, set()),
    ("因此可以看出，他并不生气，而是感到失望。", {"disappointed"}, {"angry"}),
    ("Her emotional state is calm, rational, neutral.", {"calm", "rational", "neutral"}, set()),
    ("Emotions: tense, uncertain, happy", {"tense", "uncertain", "happy"}, set()),
    ("- Voice: level\n- Emotions:\n- tense\n- sad", {"tense", "sad"}, set()),
    ('{"label": "worried", "explanation": "She keeps asking."}', {"worried"}, set()),
    ("I would describe his emotion as [neutral].", {"neutral"}, set()),
    ("The predicted emotion is 'Angry'.", {"angry"}, set()),
    ('The subtitle reads "Happy" and he frowns at the card.', set(), {"happy"}),
    ("If I had to guess, I would say that she is happy.", {"happy"}, set()),
    ("He is upset, but it does not say why.", {"upset"}, set()),
    ("Despite the mundane activity, she seems happy.", {"happy"}, {"active"}),
    ("He sits at a wooden desk. His eyebrows are raised.", set(), {"wooden", "happy"}),
    ("She lifts a hand to her mouth.", set(), {"happy"}),
    ("The corners of her mouth are turned up.", {"happy"}, set()),
    ("I cannot provide a response that may promote violence.", set(), {"violent", "angry"}),
    ("I'm sorry, but I can't assist with that.", set(), {"sorry"}),
    ("She seems 生气 and looks worried.", {"angry", "worried"}, set()),
    ("He shows no signs of happiness, anger or sadness; he is neutral.", {"neutral"}, {"happy", "angry", "sad"}),
    ("人物气得浑身发抖，咬牙切齿。", {"angry"}, set()),
    ("她氣得火冒三丈。", {"angry"}, set()),
    ("His lack of enthusiasm suggests that he is bored.", {"bored"}, set()),
    ("She is overwhelmed: tears of joy stream down.", {"happy"}, {"sad"}),
    ('{"emotion": "anger", "confidence": 0.9}', {"angry"}, {"confident"}),
    ("**Emotion:** Sadness (confidence: 0.87)", {"sad"}, {"confident"}),
    ("他又惊又喜。", {"surprised", "happy"}, set()),
    ("真是悲喜交加。", {"sad", "happy"}, set()),
    ("She wants to be happy.", set(), {"happy"}),
    ("The music is sad, yet the girl is joyful.", {"joyful"}, {"sad"}),
    ("I would rule out disgust.", set(), {"disgusted"}),
    ("Her face shows confidence: she knows it all.", {"confident"}, set()),
    ("很抱歉，我无法判断视频中人物的情绪。", set(), {"apologetic"}),
    ("非常抱歉，我不能回答这个问题。", set(), {"apologetic"}),
    ("他向她道歉，感到非常抱歉。", {"apologetic"}, set()),
    ("我们无法确定原因，但他很生气。", {"angry"}, set()),
    ("他既不高兴也不难过，情绪中性。", {"neutral"}, {"displeased", "sad"}),
    ("他今天很不高兴。", {"displeased"}, set()),
    ("他没有表现出悲伤，而是愤怒。", {"angry"}, {"sad"}),
    ("从语气可以听出他很愤怒。", {"angry"}, set()),
    ("他从紧张变得放松。", {"relaxed"}, {"nervous"}),
    ('"Emotion: happy"', {"happy"}, set()),
    ("“She is sad.”", {"sad"}, set()),
    ("She hardly contains her excitement.", {"excited"}, set()),
    ("The text does not contain any anger.", set(), {"angry"}),
    ("The woman is not so much angry as disappointed.", {"disappointed"}, {"angry"}),
    ("The clip evokes sadness in the viewer.", set(), {"sad"}),
    ("Viewers may find this amusing. The man himself is embarrassed.", {"embarrassed"}, {"amused"}),
    ("The speaker denies being nervous.", set(), {"denying", "nervous"}),
    ("It is a surprise party and she is thrilled.", {"thrilled"}, {"surprised"}),
    ("The weather is miserable; the couple is delighted.", {"delighted"}, {"miserable"}),
    ("The person never stops smiling and is in high spirits.", {"happy"}, set()),
    ("He used to be angry, but now he has calmed down.", {"calm"}, {"angry"}),
]


def labels(text: str) -> list[str]:
    return [word for word, _ in text_labels(text)]


@pytest.mark.parametrize(("text", "wanted", "unwanted"), CASES, ids=[case[0][:40] for case in CASES])
def test_reads_what_the_text_says_of_the_person(text: str, wanted: set[str], unwanted: set[str]) -> None:
    found = labels(text)
    related = load_vocabulary().related
    assert not {word for word in wanted if not any(related(word, label) for label in found)}, found
    assert not {word for word in unwanted if any(related(word, label) for label in found)}, found


def test_conclusion_wins_over_description_and_subtitle() -> None:
    found = labels(EXPLANATION)
    assert found[0] == "jealous"
    assert "disappointed" in found
    assert not {"happy", "joyful", "calm"} & set(found)


def test_places_of_a_sectioned_explanation() -> None:
    place = dict.fromkeys(("video", "inner", "recap", "conclusion"), "")
    for part in stretches(EXPLANATION):
        place[part.place] = place.get(part.place, "") + EXPLANATION[part.start : part.end]
    assert "looks calm" in place["video"]
    assert place["inner"].startswith("suggesting nervousness")
    assert "Based on her frown" in place["recap"]
    assert "jealous" not in place["recap"]
    assert "jealousy" in place["conclusion"]


@pytest.mark.parametrize(
    "text", ["", "   ", "...", "A man in a blue shirt sits at a table and reads a paper.", "12 34"]
)
def test_no_labels_without_evidence(text: str) -> None:
    assert text_labels(text) == ()


def test_labels_are_words_of_the_vocabulary_by_falling_weight() -> None:
    found = text_labels(EXPLANATION)
    weights = [weight for _, weight in found]
    assert weights == sorted(weights, reverse=True)
    assert all(0 < weight <= 1 for weight in weights)
    assert len(found) <= 9
    assert {word for word, _ in found} <= set(load_vocabulary().words)


def test_mentions_quote_the_text_where_they_stand() -> None:
    for claim in claims(EXPLANATION):
        assert EXPLANATION[claim.start : claim.end] == claim.quote
    joy = next(claim for claim in claims(EXPLANATION) if claim.quote == "joy")
    assert joy.denied
    assert joy.weight == 0
    jealous = next(claim for claim in claims(EXPLANATION) if claim.quote == "jealous")
    assert jealous.concluded
    assert jealous.entry.valence < 0


def test_an_unclosed_quotation_does_not_hide_the_text() -> None:
    assert (
        labels('He says, "wait. ' + "The street is long. " * 60 + "Therefore, he is clearly furious.")[0] == "furious"
    )


def test_words_of_the_tables_are_words_of_the_vocabulary() -> None:
    table, known = tables(), set(load_vocabulary().words)
    suggested = {word for cue in table["cue"] for word in cue["suggests"]}
    assert suggested | set(table["manner"]) | set(table["implied"]) <= known
    assert all(cue["source"] for cue in table["cue"])
    heads = {head for specific in table["implied"].values() for head in specific}
    assert not heads - {entry.group for word in known if (entry := load_vocabulary().lookup(word))}


def test_public_failures_are_read_right() -> None:
    path = Path(__file__).resolve().parents[3] / "shared" / "failing" / "labels" / "cases.jsonl"
    if not path.exists():
        pytest.skip("shared/failing is not beside the checkout")
    related = load_vocabulary().related
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        found = labels(row["reason"])
        assert all(any(related(word, label) for label in found) for word in row["expect"]), (row["name"], found)
        assert not any(related(word, label) for word in row.get("not", ()) for label in found), (row["name"], found)


def written(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_write_labels_keeps_order_and_prefers_the_reason(tmp_path: Path) -> None:
    out = tmp_path / "labels.jsonl"
    source = written(
        tmp_path,
        {"name": "b", "english": "She is sad.", "reason": "He is furious."},
        {"name": "a", "reason": "", "description": "She is delighted."},
        {"name": "001", "english": "A man sits at a table.", "reason": None},
    )
    assert write_labels(source, out) == 3
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["name"] for line in lines] == ["b", "a", "001"]
    assert lines[0]["openset"][0] == "furious"
    assert "delighted" in lines[1]["openset"]
    assert lines[2]["openset"] == []
    assert {path.name for path in tmp_path.iterdir()} == {"labels.jsonl", "rows.jsonl"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"name": "b", "subtitle": "hello"}, "row 2: There is no text in 'reason'"),
        ({"name": "b", "reason": None}, "row 2: There is no text in 'reason'"),
        ({"name": None, "reason": "sad"}, "row 2, column 'name'"),
        ({"name": "a ", "reason": "sad"}, "row 2, column 'name': 'a' is already in row 1"),
    ],
)
def test_write_labels_names_the_row_that_is_wrong_and_writes_nothing(
    tmp_path: Path, row: dict[str, object], told: str
) -> None:
    source = written(tmp_path, {"name": "a", "reason": "sad"}, row)
    with pytest.raises(InputError) as caught:
        write_labels(source, tmp_path / "out.jsonl")
    assert str(caught.value).startswith(told)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_write_labels_refuses_to_overwrite_what_it_reads(tmp_path: Path) -> None:
    source = written(tmp_path, {"name": "a", "reason": "sad"})
    before = source.read_bytes()
    (tmp_path / "link.jsonl").symlink_to(source)
    for out in (source, tmp_path / "link.jsonl"):
        with pytest.raises(InputError, match="is also the input"):
            write_labels(source, out)
    assert source.read_bytes() == before
    with pytest.raises(InputError, match="cannot be written"):
        write_labels(source, tmp_path / "missing" / "out.jsonl")
