"""How dates and times look on the pages, by language."""
