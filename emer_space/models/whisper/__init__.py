"""Whisper (Radford et al. 2022, arXiv:2212.04356): its decoding, and checks on what it heard."""
