"""Anomaly testing: a call of an application, with every fault at each of its SQLite operations.

SQLite's authors test SQLite itself so: fail the n-th operation, for n = 1, 2, 3, ..., until none
fails ("How SQLite Is Tested", section 3). Here it is the application that has to bear it.
"""
