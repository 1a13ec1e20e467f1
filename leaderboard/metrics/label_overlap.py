"""How well the predicted description covers the emotion words of the true one."""

from leaderboard.metrics.overlap import overlap_metric

ABOUT = "how well the emotion words of the true description are covered, from 1 to 10, by a language model (EMER v1)"
TITLE = {"en": "label overlap (1 to 10)", "zh": "标签重合度（1 到 10）"}
COVERED = {"en": "emotion words", "zh": "情感词"}
METRIC = overlap_metric("label-overlap", ABOUT, TITLE, COVERED)
