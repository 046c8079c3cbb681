"""What every room stands on: database, errors, schemas, the web edge, Redis, secrets, files. Knows no marketing noun."""
