"""A file of predictions beside the references of its track: read, checked by the track's rules, ready to be scored."""

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
    """`sha256` is of the file of predictions; `wheels` the vocabulary that the track is scored with."""

    track: Track
    references: References
    predictions: Table
    sha256: str
    wheels: Wheels

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the track that the predictions hold; the nameless one of a track without parts."""
        if len(self.track.parts) == 1:
            return tuple(self.track.parts)
        there = {sample[0] for sample in self.predictions.samples}
        return tuple(name for name in self.track.parts if name in there)

    def sides(self, part: str, split: ScoredSplit) -> tuple[Table, Table]:
        """The references and the predictions of a part."""
        return _of_part(self.references.of(split), part), _of_part(self.predictions, part)

    def warnings(self, split: ScoredSplit) -> list[Problem]:
        """What was not read to the letter, and what is likely not meant."""
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
    """Read predictions and references; `file` and `wheels` take the place of where the track's own are.

    Raises `SubmissionError` for predictions that cannot be used, `WheelsUnavailable` and `ReferencesUnavailable` for
    what is not here.
    """
    wheels = wheels or track_wheels(track)
    references = read_references(track, file or reference_file(track))
    predictions = predictions_of(track, content, filename, wheels)
    return Comparison(track, references, predictions, hashlib.sha256(content).hexdigest(), wheels)


def _of_part(table: Table, part: str) -> Table:
    """The samples of a part, or all of them where the track has none."""
    if not part:
        return table
    return replace(table, samples={sample: values for sample, values in table.samples.items() if sample[0] == part})
