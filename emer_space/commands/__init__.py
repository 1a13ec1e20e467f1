"""What the command line does with files and folders."""
