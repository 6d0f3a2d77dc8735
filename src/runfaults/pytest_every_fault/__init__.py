"""pytest: the fixtures `every_fault` and `fault`; a test is repeated once for each fault.

The test is one item, and all its repetitions are one report: the points are known only after a run,
and only a repetition of the whole test gives fresh fixtures.
"""
