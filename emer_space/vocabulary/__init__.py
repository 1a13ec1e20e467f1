"""Emotion words: wheels, word forms, near-synonyms, valence and arousal, in English and Chinese.

The words are the project's own data, in the TOML files of `tables/`:

- `words/*.toml`, one file for each word of the primary wheel's inner ring: near-synonym groups with their places;
- `wheels/*.toml`, one file for each published wheel, with its source and the places of words that are not on it;
- `forms.toml`, word forms that no rule yields, forms to leave out, and forms with several meanings;
- `zh.toml`, Chinese words and the English word each stands for;
- `names_zh.toml`, the Chinese name of each word where the first of those is not the best, or there is none.
"""

from emer_space.vocabulary.entry import Entry
from emer_space.vocabulary.vocabulary import Vocabulary, load_vocabulary, word
from emer_space.vocabulary.wheel import Wheel

__all__ = ["Entry", "Vocabulary", "Wheel", "load_vocabulary", "word"]
