"""Clips → machine readings → two rounds of people → a dataset with agreement (EMER, section 3; OV-MER, section 3)."""
