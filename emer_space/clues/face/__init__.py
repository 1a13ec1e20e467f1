"""Faces in frames → their channels, the witness's posterior, and visual clues."""
