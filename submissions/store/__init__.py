"""Where entries are kept: a folder, or a private dataset on the Hub."""
