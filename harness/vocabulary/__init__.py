"""The words of the project as plain data: no input or output, no library under test."""
