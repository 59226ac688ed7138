"""Figures for papers: the info objects that the HTML report shows, drawn by matplotlib, one file a figure."""
