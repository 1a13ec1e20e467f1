"""The tables of the practice track in docs/scoring.md: `python -m benchmarks.power`.

The score of each baseline with its interval, on all samples, on the first 60 and on the others; and the smallest
difference that the first 60 and all samples show: between systems by chance, for the median pair of the baselines, and
for two of the composer's settings (`leaderboard/scoring/power.py` says how).
"""

from dataclasses import replace
from itertools import combinations
from statistics import median

from emer_space.files.tables import Table
from leaderboard.__main__ import explain
from leaderboard.hosting.baselines import TRACK, _baselines
from leaderboard.metrics.registry import METRICS
from leaderboard.metrics.tally import Floats, Tally
from leaderboard.scoring.bootstrap import interval, resampled
from leaderboard.scoring.chance import drawn
from leaderboard.scoring.power import DRAWINGS, smallest_shown
from leaderboard.scoring.resources import resources_of
from leaderboard.scoring.tallying import tallied
from leaderboard.tracks import load_track
from leaderboard.tracks.references import read_references, reference_file
from leaderboard.tracks.rules import track_wheels
from submissions.checks.validation import read_predictions

FIRST = 60
PAIR = ("CLUE-Multi", "CLUE-Video")


def main() -> None:
    """Print both tables."""
    track = load_track(TRACK)
    (part,) = track.parts.values()
    metric, wheels = METRICS[part.metric], track_wheels(track)
    references = read_references(track, reference_file(track)).table
    names = sorted(references.samples)
    subsets = {"the first 60": names[:FIRST], "all 200": names, "the other 140": names[FIRST:]}
    baselines = {
        name: read_predictions(predictions(), "p.jsonl", track.rules.columns, track.rules.key)
        for name, _, predictions in _baselines(explain)
    }

    def tally(given: Table, subset: str) -> Tally:
        wanted = replace(references, samples={sample: references.samples[sample] for sample in subsets[subset]})
        own = replace(given, samples={sample: given.samples[sample] for sample in subsets[subset]})
        return tallied(metric, wanted, own, resources_of(metric, wheels))

    def scores(given: Table, subset: str) -> Floats:
        return resampled(tally(given, subset), part.primary)

    print("| baseline | level-1 F | 95 % interval | first 60 | other 140 |\n|---|---|---|---|---|")
    for name, given in baselines.items():
        points = [float(tally(given, subset).point()[part.primary[0]]) for subset in ("the first 60", "the other 140")]
        whole, bounds = tally(given, "all 200").point()[part.primary[0]], interval([scores(given, "all 200")])
        told = f"{float(whole):.3f} | {bounds.low:.3f} to {bounds.high:.3f}"
        print(f"| {name} | {told} | {points[0]:.3f} | {points[1]:.3f} |")
    print(
        "\n| samples | scored | two systems by chance | median pair of the eight baselines | " + " and ".join(PAIR),
        end=" |\n",
    )
    print("|---|---|---|---|---|")
    for subset in ("the first 60", "all 200"):
        samples = {sample: references.samples[sample] for sample in subsets[subset]}
        chance = [scores(replace(references, samples=drawn(samples, seed)), subset) for seed in range(DRAWINGS)]
        own = {name: scores(given, subset) for name, given in baselines.items()}
        by_chance, of_all = (
            median(smallest_shown(first, second) for first, second in combinations(each, 2))
            for each in (chance, list(own.values()))
        )
        scored = int(tally(references, subset).scored.sum())
        pair = smallest_shown(own[PAIR[0]], own[PAIR[1]])
        print(f"| {subset} | {scored} | {by_chance:.3f} | {of_all:.3f} | {pair:.3f} |")


if __name__ == "__main__":
    main()
