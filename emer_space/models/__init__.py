"""Adapters to models, one file per family. `roles` defines what each role does, `supply` finds who fills it."""
