"""One module per subject. Each has ``ROWS``: what it measures, in the order of the table."""
