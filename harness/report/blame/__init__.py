"""What a search for blame found, as rows that a terminal, Markdown and a page show."""
