"""Who is calling, and how much a person may send."""
