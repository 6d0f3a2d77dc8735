"""A run manager that tells the truth about its runs, as a drop-in for GenGlossary's modules."""
