"""The errors of annotation."""

from submissions.errors import Refusal


class ProjectError(Refusal):
    """A project cannot be made, changed or used; the sentence says why and what to do."""
