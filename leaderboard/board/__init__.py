"""A board: its tracks, submissions and scores, and what people see of them (rankings, statements, exports)."""
