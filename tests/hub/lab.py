"""The dataset of the tests, and the patience with which they ask for it."""

from submissions.hub_dataset import Patience

NAME, TOKEN = "lab/emer-submissions", "hf_of_the_lab"
HURRIED = Patience(budget_s=6, first_wait_s=0.05, most_wait_s=0.2)
