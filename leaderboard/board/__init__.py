"""Scores → what people see: rankings, statements, exports."""
