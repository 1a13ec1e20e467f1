"""Predictions and the references of their track, read and checked by the track's rules, ready for scoring."""

import hashlib
from dataclasses import dataclass, replace

from emer_space.files.problems import Problem
from emer_space.files.tables import Table
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.report import ScoredSplit
from leaderboard.tracks import Track
from leaderboard.tracks.references import ReferenceFile, References, read_references, reference_file
from leaderboard.tracks.rules import known_words, predictions_of, track_wheels
from submissions.checks.ids import missed
from submissions.checks.unlikely_answers import unlikely_answers


@dataclass(frozen=True, slots=True)
class Comparison:
    """`sha256` is that of the prediction file; `wheels` is the vocabulary that the track is scored with."""

    track: Track
    references: References
    predictions: Table
    sha256: str
    wheels: Wheels

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the track that the predictions contain; just the nameless one if the track has no parts."""
        if len(self.track.parts) == 1:
            return tuple(self.track.parts)
        present = {sample[0] for sample in self.predictions.samples}
        return tuple(name for name in self.track.parts if name in present)

    def sides(self, part: str, split: ScoredSplit) -> tuple[Table, Table]:
        """The references and the predictions of a part."""
        return _of_part(self.references.of(split), part), _of_part(self.predictions, part)

    def warnings(self, split: ScoredSplit) -> list[Problem]:
        """Warnings about unusual spellings, unlikely answers and missing samples."""
        rules, predictions = self.track.rules, self.predictions
        warnings = [
            *predictions.warnings,
            *unlikely_answers(predictions, rules.columns, known_words(self.track, self.wheels)),
        ]
        asked = [sample for sample in self.references.of(split).samples if not rules.parts or sample[0] in self.parts]
        if few := missed(asked, predictions.samples.keys(), predictions.rows, rules.key[-1].name):
            warnings.insert(0, few)
        return warnings


def read_comparison(
    track: Track, content: bytes, filename: str, file: ReferenceFile | None = None, wheels: Wheels | None = None
) -> Comparison:
    """Read predictions and references; `file` and `wheels` replace the track's own references and vocabulary.

    Raises `SubmissionError` if the predictions cannot be used, and `WheelsUnavailable` or `ReferencesUnavailable` if
    the vocabulary or the references are missing.
    """
    wheels = wheels or track_wheels(track)
    references = read_references(track, file or reference_file(track))
    predictions = predictions_of(track, content, filename, wheels)
    return Comparison(track, references, predictions, hashlib.sha256(content).hexdigest(), wheels)


def _of_part(table: Table, part: str) -> Table:
    """The samples of a part, or all samples if the track has no parts."""
    if not part:
        return table
    return replace(table, samples={sample: values for sample, values in table.samples.items() if sample[0] == part})
