"""Which network of a front: bounds, preferences, pymoo's methods; knows tables of figures alone."""
