"""Processes on this machine or a Ray cluster that judge masks; ``ccsrp.evaluation.ray`` hands them out."""
