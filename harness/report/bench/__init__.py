"""How a benchmark is told: terminal, HTML with plots, Markdown, JSON, CSV, pytest-benchmark."""
