"""Ways to mend what does not add up: one action per file, found by the name of the file."""
