"""The commands that work on files and folders, and the command line itself."""
