"""The figures of a result as plain data: positions of bars, curves and slices. Templates draw them."""
