"""One module a metric family: pure functions over plain data."""
