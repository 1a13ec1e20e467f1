"""How well the predicted description covers the clues of the true one."""

from leaderboard.metrics.overlap import overlap_metric

ABOUT = "how well the clues of the true description are covered, from 1 to 10, by a language model (EMER v1)"
TITLE = {"en": "clue overlap (1 to 10)", "zh": "线索重合度（1 到 10）"}
COVERED = {"en": "clues", "zh": "线索"}
METRIC = overlap_metric("clue-overlap", ABOUT, TITLE, COVERED)
