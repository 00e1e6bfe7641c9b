"""Words and pictures of where a change begins: in which module, stage or token."""
