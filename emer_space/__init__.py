"""Explain the emotion in a clip: clip → clues → disambiguation → explanation → open-vocabulary labels."""

__version__ = "0.1.0"
