"""The only place that words a result: a gate's findings as text, page, summary and data."""
