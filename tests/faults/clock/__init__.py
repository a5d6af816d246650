"""What a worker under libfaketime needs; its folder goes on that worker's PYTHONPATH."""
