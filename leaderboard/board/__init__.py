"""A board with its tracks, submissions and scores, and the views of it: rankings, statements, exports."""
