"""The ledger of claims as a terminal table, HTML, Markdown and JSON."""
