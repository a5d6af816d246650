"""The demonstration: everything in one terminal, from nothing, thrown away at the next run."""
