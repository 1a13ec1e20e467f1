"""Adapters to the models, one file a family. `roles` says what each role does, `supply` who supplies it."""
