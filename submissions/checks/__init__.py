"""Checks prediction files by the rules of a track (problems and warnings), and makes sample files."""
