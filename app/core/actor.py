"""Who does something: what services note in the audit log and in the rows they write."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, an API key or the system itself, and from where."""

    name: str
    user_id: int | None = None
    key_id: int | None = None
    address: str | None = None
    request_id: str | None = None

    @classmethod
    def system(cls, name: str = "Fairlead") -> "Actor":
        """Return the actor of work that no person asked for directly."""
        return cls(name=name)
