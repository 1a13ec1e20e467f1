"""Faces in frames → channels, the witness's posterior, and visual clues."""
