"""Blind comparison of explanations: people see two systems' words for one clip, and say which are better."""
