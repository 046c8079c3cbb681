"""Rendering: words with merge fields become parts, once a content; parts become a mail, once a customer. No Flask, no session."""
