"""Files from strangers → rows and problems: safe readers that every package may import."""
