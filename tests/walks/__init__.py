"""Walks through the pages as people take them, with a browser, on the real programs."""
