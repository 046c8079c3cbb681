"""Reading files of customers and orders. Pure modules: bytes in, typed rows and reasons out; no session, no Flask.

Words: the *heading* is the first row; a *column* goes to a *target* (`email`, `tags`, `fields.points`, or nothing); the *plan* is all of that,
fixed before the first row is written; a *reject* is a row that was not taken, with its line and why; a *chunk* is what one transaction takes.
"""
