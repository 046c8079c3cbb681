"""campaigns: one message to many. Audience, schedule, launch and what came of it."""
