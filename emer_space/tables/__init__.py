"""Tables of knowledge (TOML): how they are loaded, what each may hold, and whether they agree."""
