"""Emotion words: wheels, word forms, near-synonyms, valence and arousal, in English and Chinese.

The words are the project's own data, in the TOML files of `tables/`:

- `words/*.toml`, one file for each inner ring of the primary wheel: near-synonym groups with their place on it;
- `wheels/*.toml`, one file for each published wheel, with its source and how the other words reach it;
- `forms.toml`, the word forms that no rule gives, the forms to leave out and those of several meanings;
- `zh.toml`, Chinese words and the English word each stands for.
"""

from emer_space.vocabulary.entry import Entry
from emer_space.vocabulary.vocabulary import Vocabulary, load_vocabulary, word
from emer_space.vocabulary.wheel import Wheel

__all__ = ["Entry", "Vocabulary", "Wheel", "load_vocabulary", "word"]
