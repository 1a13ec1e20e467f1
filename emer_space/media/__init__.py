"""An untrusted file → a checked, re-muxed clip: its frames by time stamp and its 16 kHz mono wave."""
