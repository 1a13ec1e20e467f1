"""Measurements → clues. One package per modality, with its cue rules in TOML files beside the code."""
