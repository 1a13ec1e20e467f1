"""The metrics, one module each, as pure functions over plain data."""
