"""What the wire contract promises, endpoint by endpoint, judged by hand-written schemas."""
