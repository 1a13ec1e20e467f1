"""A prediction file against the rules of a track: problems, warnings, and a sample to begin with."""
