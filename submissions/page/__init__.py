"""The participants' tabs."""
