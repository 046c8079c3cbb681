"""News between rooms.

Words: *event* (what happened), *outbox* (rows not told yet), *handler* (a reaction), *delivery* (one event to one handler).
"""
