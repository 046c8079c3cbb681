"""content: what mails say. Templates with merge fields in numbered versions, and their rendering, which knows nothing of sending."""
