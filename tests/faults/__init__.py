"""The crash and fault suite: real processes, random faults, and a judgment from outside.

Run it with `make faults` or `python -m tests.faults`; `docs/reliability.md` says what it proves.
"""
