"""References and predictions → the report of a track. Submissions are scored in a child process."""
