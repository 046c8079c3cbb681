"""The mailer: one process with all connections of all senders. See docs/design/sending.md and ADR 008."""
