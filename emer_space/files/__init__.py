"""Safe readers for files from strangers, which give rows and problems; every package may import them."""
