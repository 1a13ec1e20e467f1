"""What the figures of a result show, as plain data: where a bar, a curve or a slice lies. Templates draw it."""
