"""The network being pruned: graph, slim networks, calibration, cost, data, training."""
