"""The servers that `make run` and the tests bring along, and the launcher that starts the whole product.

Words: *home* (the folder that holds a server's data), *account* (the system user that runs it), *throw-away* (gone after use).
"""
