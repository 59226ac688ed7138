"""Attacks on images, and the derivative that they see spikes by."""
