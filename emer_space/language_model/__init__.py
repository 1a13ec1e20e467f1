"""Asking a language model, reading its answers, and holding them to the clues."""
