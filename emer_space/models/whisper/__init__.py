"""Whisper (Radford et al. 2022, arXiv:2212.04356): its encoder, its decoding, and the doubts about what it heard."""
