"""The verbs of customers, split by noun; what other rooms use stands here."""
