"""Codabench's scoring program: scores input/res against input/ref with EMER Space, and writes output/scores.json."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent
sys.path.insert(0, str(PROGRAM / "code"))


def main(given: Path, output: Path) -> int:
    try:
        import numpy  # noqa: F401
        import pandas  # noqa: F401
        import simplemma  # noqa: F401
    except ImportError:
        wanted = str(PROGRAM / "requirements.txt")
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--requirement", wanted], check=True)
    from leaderboard.hosting.codabench_scoring import score_folder

    try:
        scores = score_folder(given)
    except Exception as problem:
        if type(problem).__module__.partition(".")[0] not in ("emer_space", "leaderboard", "submissions"):
            raise
        print(problem, file=sys.stderr)  # a sentence, or one for each problem of the file
        return 1
    (output / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
