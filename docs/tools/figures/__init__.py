"""The figures that pages quote from committed results: one file a study, each with ``claims()``.

Pages are plain Markdown. A claim names a page and a sentence of it, with ``{}`` where figures stand, and
computes these from the results; ``docs/tools/benchmarks.py`` writes them into the page, and a test fails
where they are others. So prose is written by hand, and its figures are not.
"""
