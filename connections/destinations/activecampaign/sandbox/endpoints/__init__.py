"""The endpoints under /api/3, one file per thing; `routing` lists them."""
