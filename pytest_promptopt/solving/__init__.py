"""The search for any text that a function can put a value on, without pytest."""
