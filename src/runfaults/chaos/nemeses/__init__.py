"""Nemeses: causes of trouble, one a file."""
