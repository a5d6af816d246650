"""The benchmarks behind `make bench`: ratios and latencies of the delivery engine.

Nothing is asserted: each figure stands beside its aim, for people to judge.
"""
