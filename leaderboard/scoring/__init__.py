"""References and predictions → the report of a track, in a child process."""
