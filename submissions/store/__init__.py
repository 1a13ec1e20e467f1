"""The stores of entries: a folder, or a private dataset on the Hub."""
