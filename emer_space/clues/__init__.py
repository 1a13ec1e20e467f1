"""Measurements → clues. One module a modality, its cue rules in the TOML file beside it."""
