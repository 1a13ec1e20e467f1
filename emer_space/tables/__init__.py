"""Reading tables of knowledge (TOML): the shapes that they are checked against, with file, row and remedy."""
