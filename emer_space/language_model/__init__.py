"""Asks a language model, reads its answers and checks them against the clues."""
