"""Labelled data → the witnesses' weights: `python -m training face|voice|fusion`."""
