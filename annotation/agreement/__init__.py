"""How far annotators agree: on labels, clues, valence and arousal; by annotator, label and clip; and who drifts.

`report` has everything. Pure functions over a project; nothing here is stored.
"""

from annotation.agreement.alpha import alpha, masi
from annotation.agreement.attention import drifting
from annotation.agreement.clues import boundaries, clues_kept
from annotation.agreement.labels import alpha_of_labels
from annotation.agreement.report import report

__all__ = ["alpha", "alpha_of_labels", "boundaries", "clues_kept", "drifting", "masi", "report"]
