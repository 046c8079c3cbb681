"""Commands of the `flask` tool: every click command found in a module of this folder."""
