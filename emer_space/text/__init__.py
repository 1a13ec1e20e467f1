"""Reads feelings from words: subtitles, descriptions of clues, explanations."""
