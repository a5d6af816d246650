"""Several web and worker machines on one database and one Redis, sharing nothing else."""
