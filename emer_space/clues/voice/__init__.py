"""A wave → its measurements, the witness's posterior, and acoustic clues."""
