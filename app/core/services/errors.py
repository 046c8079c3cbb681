"""What can stop the launcher, said so that the person at the terminal knows what to do."""


class ServiceError(Exception):
    """A server cannot be started or stopped; the text says why and what helps."""
