"""How the museum is told: on a terminal, as Markdown, as JSON."""
