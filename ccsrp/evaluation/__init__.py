"""Answers what a mask is worth."""
