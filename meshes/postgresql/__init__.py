"""Django's PostgreSQL backend that asks a kept connection for its health only when in doubt."""
