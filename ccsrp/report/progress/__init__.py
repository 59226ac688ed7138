"""A search while it goes on: its state as plain values, and who shows it."""
