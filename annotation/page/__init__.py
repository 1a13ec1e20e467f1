"""The page's part of annotation: the tab "Annotate"."""
