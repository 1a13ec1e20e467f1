"""The shapes of the tables of rules and wordings: their keys, the names that code relies on, and ranges."""

from collections.abc import Mapping

from emer_space.analysis import MODALITIES
from emer_space.models.roles import EXPRESSIONS
from emer_space.tables.load import (
    Number,
    OneOf,
    Rows,
    Shape,
    Table,
    Wording,
    any_text,
    exactly,
    flag,
    pattern,
    steps,
    text,
)
from emer_space.vocabulary import word

WEIGHT, SIGNED, FACTOR = Number(0, 1), Number(-1, 1), Number(0, 10)
TEXTS, PATTERNS = Rows(text), Rows(pattern)
WEIGHTS_OF_WORDS = Table(more=WEIGHT, keys=word)
CUES = Table(more=TEXTS)

_FIELDS: Mapping[str, Shape] = {"cue": text, "phrase": text, "source": text}
_MORE: Mapping[str, Shape] = {
    "when": Rows(Table({"channel": text}, {"above": Number(), "below": Number()})),
    "min_s": Number(0),
    "valence": SIGNED,
    "arousal": SIGNED,
    "confidence": WEIGHT,
    "suggests": WEIGHTS_OF_WORDS,
    "absent": flag,
    "general": flag,
    "claims": flag,
    "reads": text,
    "emotion_word": flag,
    "sign": flag,
    "words": PATTERNS,
    "examples": TEXTS,
    "zh": Table({"phrase": text}, {"statement": text, "repeated": text}),
    "joins": Rows(text, 2, 3),
}
RULE = Table({**_FIELDS, "statement": text}, _MORE)
DESCRIBED = Table(_FIELDS, {**_MORE, "statement": text})
"""A description is quoted, so its cues need no statement of their own."""

BLENDSHAPES = frozenset(
    {
        *(
            "_neutral",
            "browInnerUp",
            "cheekPuff",
            "jawForward",
            "jawLeft",
            "jawOpen",
            "jawRight",
            "mouthClose",
            "mouthFunnel",
        ),
        *("mouthLeft", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper"),
        *("mouthShrugLower", "mouthShrugUpper"),
        *(
            f"{name}{side}"
            for side in ("Left", "Right")
            for name in (
                *("browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut"),
                *("eyeLookUp", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress"),
                *("mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer"),
            )
        ),
    }
)
"""ARKit's names of blendshapes, as MediaPipe gives them."""
MUSCLES = (
    *("mouth_corners", "smile_left", "smile_right", "squint", "mouth_frown", "chin_raise", "brow_down"),
    *("brow_inner_up", "brow_outer_up", "lips_pressed", "lips_rolled", "pucker", "jaw_open", "eyes_wide", "eyes_shut"),
    *("upper_lip", "lower_lip", "mouth_stretch", "nose_wrinkle", "gaze_down", "gaze_up", "gaze_left", "gaze_right"),
)
"""Channels that are means of blendshapes."""
HELD = ("jaw_held", "pucker_held", "eyes_held_shut", "eyes_wide_shape", "mouth_movement", "smile_asymmetry")
"""Channels derived from those over time. All of them have a value at rest."""

FACE_CHANNELS = frozenset(
    {
        *MUSCLES,
        *HELD,
        *("quality", "median_quality", "mouth_covered", "outside", "settled", "brow_oblique", "gaze_aside"),
        *("smile", "grimace", "marked", "median_marked", "overall_blinks"),
        *("head_lowered", "head_raised", "turned", "tilt", "lean", "head_speed", "nod", "shake"),
        *(f"{what}_{name}" for what in ("expr", "reads", "overall") for name in EXPRESSIONS),
    }
)
VOICE_CHANNELS = frozenset(
    {
        *("alpha_db", "broken", "burst_at", "burst_db", "change_db", "change_st", "final_st", "hnr_db", "hush_at"),
        *("hush_db", "hush_drop", "hush_softer", "level_db", "movement_st", "outburst_at", "outburst_db"),
        *("outburst_louder", "outburst_rise", "pause_at", "pause_s", "pauses", "quick", "range_st", "register_hz"),
        *("silent_share", "snr_db", "speech_s", "tempo_syl", "thin_db", "tremor_hz", "tremor_s", "voice_s"),
    }
)
CHANNELS = {"visual": FACE_CHANNELS, "acoustic": VOICE_CHANNELS | {"marked"}, "textual": frozenset[str]()}
"""The channels that a rule's conditions may name, by modality."""
_OF_CLUES = ("quote", "feelings")
PLACES = {
    "visual": {
        *FACE_CHANNELS,
        *("peak", "peak_s", "duration_s", "times", "fleeting", "when", "frames", "start", "end", "how", "likeness"),
        *_OF_CLUES,
    },
    "acoustic": {*VOICE_CHANNELS, "class", "probability", "windows", *_OF_CLUES},
    "textual": {"translated", "word", "holder", "compound", "similarity", *_OF_CLUES},
}
"""The placeholders that a statement or phrase may have, by modality."""
PICTURE_CUES = ("still-picture", "black-picture", "no-face", "drawn-face", "face-away", "picture-turned", "speaks")
"""Cues about the picture itself and who is in it; they have no conditions on a face."""
WHOLE_CLIP = frozenset(
    {"median_quality", "median_marked", "overall_blinks", *(f"overall_{name}" for name in EXPRESSIONS)}
)
"""Channels of a face that have a single value for the whole clip."""
MADE_CUES = {
    "visual": (*PICTURE_CUES, "mouth-covered"),
    "acoustic": ("no-audio", "silence", "voiceless-words", "no-voice", "little-voice"),
    "textual": (
        *("no-words", "doubtful-words", "unread-words", "plain-words", "exclaimed", "words-positive"),
        *("words-negative", "emotion-word", "emotion-word-negated", "emotion-word-denied", "emotion-word-past"),
        *("emotion-word-supposed", "emotion-word-asked", "likes-something", "dislikes-something"),
        *("situation-everyday", "irony-marker", "sarcasm"),
    ),
}
"""Cues that code uses by name."""

_visual = Table(
    {
        "rule": Rows(RULE),
        "blendshapes": exactly(MUSCLES, Rows(OneOf(BLENDSHAPES))),
        "rest": Table(may=dict.fromkeys((*MUSCLES, *HELD), Rows(Number(0, 0.9), 2, 2))),
        "own_rest": exactly(("neutral", "lowest"), WEIGHT),
        "marked": Table(may=dict.fromkeys((*MUSCLES, *HELD, "smile", "grimace", "brow_oblique"), FACTOR)),
        "trust": exactly(("neutral_frames",), FACTOR),
        "says_more": CUES,
        "kin": Table(may=dict.fromkeys(EXPRESSIONS, Rows(word))),
    }
)
_textual_words = Table(
    dict.fromkeys(("not_feelings", "after_link", "links", "objects", "after_object", "verbs_of_feeling"), TEXTS)
    | dict.fromkeys(("function_words", "everyday_senses", "open_words"), TEXTS)
    | {"interjections": PATTERNS, "everyday_phrases": PATTERNS, "affirmations": PATTERNS}
)
_textual_zh = Table({"feelings": Table(more=TEXTS, keys=word), "words": Table(more=PATTERNS)})
_scope_en = exactly(
    (
        *("negations", "stopping", "not_negating", "undone", "additive", "negation_turns", "denied_after", "turns"),
        *("noun_negations", "concluding", "beholders"),
        *(
            "list_words",
            "hypotheses",
            "auxiliaries",
            "factive",
            "not_hypotheses",
            "conditional",
            "supposing",
            "relieving",
            "early",
            "formerly",
            "past_tense",
        ),
        *("past_times", "reporting", "ending", "alternative", "concessive", "contrast", "not_contrast", "unknown"),
        *("feigned", "hiding", "hedges", "boosters", "dampeners", "clause_openers", "others", "others_own"),
        *("possessives", "relations", "openers", "links", "subjects", "influence", "influenced", "things"),
        *("artefacts", "speaker", "addressee", "other", "thing", "fixed", "not_fixed", "unsurpassed"),
    ),
    TEXTS,
)
_scope_zh = Table({"fixed": PATTERNS, "paired": pattern, "before": Table(more=pattern), "after": Table(more=pattern)})
_two_languages = exactly(("english", "chinese"), pattern)
_described = Table(
    {
        "undecided": TEXTS,
        "not_feelings": TEXTS,
        "blank": exactly(("english", "chinese"), PATTERNS),
        "people": exactly(("anyone", "role", "anyone_zh", "role_zh"), pattern),
        "says_more": CUES,
        "visual": Rows(DESCRIBED),
        "acoustic": Rows(DESCRIBED),
    }
)

_conditions = Table(
    may=dict.fromkeys(("any_of", "also_of", "none_of"), TEXTS)
    | dict.fromkeys(("valence", "arousal"), Rows(SIGNED, 2, 2))
    | dict.fromkeys(("quiet", "silent"), flag)
)
_of_modalities = Table(may=dict.fromkeys(MODALITIES, _conditions))
_disambiguation = Table(
    {
        "counterparts": Table(more=word, keys=word),
        "groups": Table(more=TEXTS),
        "pattern": Rows(
            Table(
                {
                    "name": text,
                    "kind": OneOf(("conflict", "agreement")),
                    "when": _of_modalities,
                    "wins": OneOf((*MODALITIES, "open", "both")),
                    "wording": TEXTS,
                    "source": text,
                },
                {
                    "wording_zh": TEXTS,
                    "unless": _of_modalities,
                    "damp": Table(may=dict.fromkeys(MODALITIES, WEIGHT)),
                    "suggests": WEIGHTS_OF_WORDS,
                },
            )
        ),
    }
)

_signs = Rows(Wording(("subject", "signs")))
_of_one = exactly(("first", "later", "also", "other"), _signs)
_turned = Rows(Wording(("subject", "before", "time", "after")))
_modalities, _named, _labels = (Wording((name,)) for name in ("modalities", "spans", "labels"))
_order, _either = Wording(("before", "after")), Wording(("one", "other"))
DEGREES = ("clear", "likely", "possible", "faint")
_prose = Table(
    {
        "subject": exactly(("one", "several", "voice", "speaker", "repeated"), text),
        "visual": Table({**_of_one.needed, "turn": _turned}),
        "acoustic": _of_one,
        "textual": _of_one,
        "remarks": Table(more=text),
        "spans": Table({"span": Wording(("start", "end")), "face-away": _named}),
        "link": exactly(
            ("consistent", "conflicting", "alone", "leading", "backed", "faint", "nothing"), Rows(_modalities)
        ),
        "modality": exactly(MODALITIES, text),
        "lasting": steps({"wording": text}),
        "joining": Table(may={"prepositions": TEXTS, "heads": Table(more=text)}),
        "named": Table(more=text, keys=word),
        "degree": exactly(
            DEGREES, Table({"sign": any_text, "wordings": Rows(_labels), "far": any_text, "headline": _labels})
        ),
        "conclusion": Table({"turn": _order, "either": Rows(_either)}),
        "headline": Table(
            {
                "most": Number(1, 3),
                **dict.fromkeys(("nothing", "faint"), text),
                **dict.fromkeys(("open", "conflicts", "agree"), _modalities),
                "turn": _order,
                "either": Wording(("one", "other", "modalities")),
                "conflict": exactly(MODALITIES, TEXTS),
                "alone": exactly(MODALITIES, text),
            }
        ),
    }
)
"""The words of an explanation in one language."""
_explanation = Table(
    {
        **dict.fromkeys(("unmarked", "naming", "remarks", "slight", "momentary"), TEXTS),
        **dict.fromkeys(("kinds", "says_more"), CUES),
        "degree": exactly(DEGREES, WEIGHT),
        "opposed": Rows(exactly(("one", "other"), TEXTS)),
    }
)

_act = Table({"name": text, "english": pattern, "chinese": pattern})
_grounding = Table({"empty": text, "modality": exactly(MODALITIES, _two_languages), "act": Rows(_act)})

_FACTORS = (
    *("negated", "hypothesis", "purpose", "early", "formerly", "ended", "others", "alternative", "feigned", "things"),
    *("artefact", "overtaken"),
)
_text_labels = Table(
    {
        "places": exactly(("stated", "video", "audio", "text", "inner", "recap", "conclusion", "body"), WEIGHT),
        "factors": exactly(_FACTORS, WEIGHT),
        "markers": exactly(
            (
                "video",
                "audio",
                "text",
                "restart",
                "conclusion",
                "inner",
                "turn",
                "evidence",
                "person",
                "refusal",
                "measured",
                "said",
            ),
            PATTERNS,
        ),
        "stated": exactly(("introductions", "fillers"), PATTERNS),
        "words": exactly(("ignored", "displays"), TEXTS),
        "manner": WEIGHTS_OF_WORDS,
        "implied": Table(more=WEIGHTS_OF_WORDS, keys=word),
        "cue": Rows(
            Table(
                {"name": text, "suggests": WEIGHTS_OF_WORDS, "source": text},
                {"phrases": PATTERNS, "signs": TEXTS, "outdoes": TEXTS},
            )
        ),
    }
)

_when = Wording(("start", "end", "peak", "often", "most"))
_of_language = {
    "when": exactly(("moment", "throughout", "span", "repeated"), _when),
    "most": exactly(("peak",), Wording(("peak",))),
    "often": exactly(("twice", "more"), Wording(("times",))),
    "translated": exactly(("statement",), Wording(("statement",))),
    "described": exactly(("visual", "acoustic"), Wording(("quote",))),
}
_values = {"how": Table(more=text), "list": exactly(("joint",), text)}
_wordings = Table({"en": Table(_of_language), "zh": Table({**_of_language, **_values})})

SHAPES: dict[str, Shape] = {
    "disambiguation.toml": _disambiguation,
    "explanation.toml": _explanation,
    "explanation_en.toml": _prose,
    "explanation_zh.toml": _prose,
    "language_model/grounding.toml": _grounding,
    "text/text_labels.toml": _text_labels,
    "clues/face/visual.toml": _visual,
    "clues/wordings.toml": _wordings,
    "clues/voice/acoustic.toml": Table({"rule": Rows(RULE)}),
    "text/scope_en.toml": _scope_en,
    "text/scope_zh.toml": _scope_zh,
    "text/captions.toml": Table({"not_said": PATTERNS}),
    "text/textual.toml": Table({"rule": Rows(RULE), "covering": TEXTS, "yields": CUES}),
    "text/textual_words.toml": _textual_words,
    "text/textual_zh.toml": _textual_zh,
    "text/described.toml": _described,
    "clues/voice/voice_emotion.toml": Table({"acoustic": Rows(RULE)}),
}
"""Path below `emer_space/` → shape. Other tables have their shape beside the code that reads them."""
