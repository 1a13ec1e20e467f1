"""The parts of `make bench`. A module has a `TITLE` and `measure(runs)`, which returns `benchmarks.figures.Found`."""
