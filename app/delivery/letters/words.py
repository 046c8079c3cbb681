"""What the product's letters say. Pure."""

from app.delivery.letters.looks import Act, Face, Letter, write


def reset(face: Face, name: str, link: str) -> Letter:
    """Return the letter with the link that sets a new password."""
    return write(
        face,
        "A new password for Fairlead",
        "Set a new password",
        [
            f"Hello {name},",
            "somebody, probably you, asked for a new password for Fairlead. The link below sets it. It is good once, for an hour.",
        ],
        Act("Set a new password", link),
        "If it was not you, nothing needs to be done: your password stays as it is, and nobody else can see this link.",
    )


def invitation(face: Face, workspace: str, role: str, invited_by: str | None, link: str) -> Letter:
    """Return the letter that asks somebody to join a workspace."""
    who = f"{invited_by} invites" if invited_by else "You are invited"
    asks = f"{who} you to join {workspace}" if invited_by else f"{who} to join {workspace}"
    return write(
        face,
        f"Join {workspace} on Fairlead",
        f"Join {workspace}",
        [f"{asks} as {role}. There you see the campaigns, the customers they reach, and what they bring."],
        Act("Accept the invitation", link),
        "The link is good once, for seven days. If you expected no invitation, nothing needs to be done.",
    )


def confirmation(face: Face, about: str, link: str) -> Letter:
    """Return the letter that asks whether somebody really wants mail; `about` names what it would be."""
    return write(
        face,
        f"Confirm that you want mail from {face.name}",
        "One click, then it is done",
        [f"This address was entered to get {about} from {face.name}. Confirm it with the button below. You can leave again at any time."],
        Act("Yes, write to me", link),
        "If you did not enter it, nothing needs to be done: without the click nothing is sent. The link is good for 30 days.",
    )


def trial(face: Face, sender: str) -> Letter:
    """Return the letter of a sender's test."""
    return write(
        face,
        f"It works: a test of {sender}",
        "It works",
        [f"This letter came by the sender {sender}. Campaigns and other mail can go the same way."],
        None,
        "It was sent once, by hand, from the settings of Fairlead.",
    )
