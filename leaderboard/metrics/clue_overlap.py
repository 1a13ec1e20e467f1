"""How well the predicted description covers the clues of the true one."""

from leaderboard.metrics.overlap import overlap_metric

ABOUT = "how well the clues of the true description are covered, from 1 to 10, by a language model (EMER v1)"
TITLE = {"en": "clue overlap (1 to 10)", "zh": "线索重合度（1 到 10）"}
EXPLAINED = {
    "en": "A language model judges from 1 to 10 how well the description covers the clues of the true one; the score "
    "is the "
    "mean over the samples. An empty description gets 1.",
    "zh": "由语言模型按 1 到 10 分判断描述对真实描述中线索的覆盖程度；得分是样本上的平均值。空的描述得 1 分。",
}
METRIC = overlap_metric("clue-overlap", ABOUT, TITLE, EXPLAINED)
