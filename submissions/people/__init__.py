"""Who a caller is, and how much a person may send."""
