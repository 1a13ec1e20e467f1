"""Which clips people should see first: those about which the machine is least sure, or of which people doubt it."""

from annotation.projects import Project
from annotation.records import Draft, Round
from annotation.words import as_set, counted_as


def least_sure(project: Project, round: Round = 1) -> list[str]:
    """All clips, those that need people most first; equal ones as the project lists them.

    In both rounds by the calibrated probability of the machine's first label, and where there is none by the largest
    share of its posterior; a clip that the machine could not read comes first. In round two, clips whose annotators of
    round one did not give that label come before, the more of them the earlier. Round one knows nothing of its own
    answers, so that the order tells nobody what others said.
    """
    return sorted(
        project.clips, key=lambda clip: (-doubted(project, clip) if round == 2 else 0.0, _sure(project, clip))
    )


def doubted(project: Project, clip: str) -> float:
    """The share of annotators of round one who did not give the machine's first label, 0…1; 0 without a machine's."""
    draft = project.drafts.get(clip)
    answers = project.done(1, clip)
    if not answers or draft is None or draft.answer is None or not draft.answer.labels:
        return 0.0
    word = counted_as(draft.answer.labels[0])
    return sum(word not in as_set(save.answer.labels) for save in answers) / len(answers)


def _sure(project: Project, clip: str) -> float:
    draft = project.drafts.get(clip)
    return sureness(draft) if draft else 0.0


def sureness(draft: Draft) -> float:
    """How sure the machine is of its first label, 0…1."""
    if draft.answer is None:
        return 0.0
    if draft.confidence is not None:
        return draft.confidence
    return max(draft.posterior.values(), default=0.0)
