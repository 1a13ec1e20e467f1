"""Adapters to the models, one file a family; `store` knows where their files are and that they are the right ones."""
