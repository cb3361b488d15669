"""Links rows that are the same business fact, checks what does not add up, and mends it."""
