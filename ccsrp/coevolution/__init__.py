"""The search: one subpopulation a layer, and how they cooperate."""
