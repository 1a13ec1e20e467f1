"""The example clips of the page, and how they are made. Nothing imports this room; README.md says more."""
