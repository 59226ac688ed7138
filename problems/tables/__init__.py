"""Exhaustively evaluated networks: every mask of each was judged once, and the counts are kept here."""
