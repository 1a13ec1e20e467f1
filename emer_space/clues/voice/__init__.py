"""A wave → measurements, the witness's posterior, and acoustic clues."""
