"""delivery: one message to one person. Senders, the ledger, the mailer that empties it, hits that come back, orders credited to clicks."""
