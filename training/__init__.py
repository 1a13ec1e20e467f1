"""Fits the witnesses' weights to labelled data: `python -m training face|voice|fusion`."""
