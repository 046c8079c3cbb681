"""One way to say no. Services raise these; the edges turn them into a re-rendered form, an error page or problem JSON."""


class Refusal(Exception):  # noqa: N818 (an answer, not an error)
    """A request that cannot be done, with a plain reason the reader may see."""

    status = 400
    title = "This cannot be done"

    def __init__(self, reason: str = "") -> None:
        self.reason = reason or self.title
        super().__init__(self.reason)


class Invalid(Refusal):
    """Input that does not fit. `errors` maps a dotted path (`rules[2].value`) to why; the empty path is the whole input."""

    status = 422
    title = "Something in the input does not fit"

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{path}: {why}" if path else why for path, why in errors.items()))


class NotFound(Refusal):
    """The thing is not there, or not in this workspace: the reader cannot tell which."""

    status = 404
    title = "Not found"

    def __init__(self, noun: str = "page") -> None:
        self.noun = noun
        super().__init__(f"There is no such {noun} here.")


class Forbidden(Refusal):
    """The caller may not do this. `permission` names what is missing."""

    status = 403
    title = "Not allowed"

    def __init__(self, reason: str = "", permission: str = "") -> None:
        self.permission = permission
        super().__init__(reason or (f"This needs the permission {permission}." if permission else ""))


class Unauthorized(Refusal):
    """Nobody is signed in, or the token is not good (any more)."""

    status = 401
    title = "Sign in first"


class Conflict(Refusal):
    """The thing has changed, is in use, or belongs to another workspace than the call says."""

    status = 409
    title = "This does not fit the present state"


class TooLarge(Refusal):
    """More bytes than allowed."""

    status = 413
    title = "Too large"


class TooMany(Refusal):
    """More calls than allowed; `retry_after` in seconds."""

    status = 429
    title = "Too many calls"

    def __init__(self, reason: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(reason)


class Unavailable(Refusal):
    """A part is down or too slow just now; trying again may help."""

    status = 503
    title = "Not available just now"
