from flask import Flask

from app.core.web.flash import flash, flashed


def test_what_was_flashed_is_said_once() -> None:
    page = Flask(__name__)
    page.secret_key = "s" * 32
    with page.test_request_context("/"):
        flash("Tag removed.", undo_url="/tags/3/restore")
        flash("Sent to 3, not to 2.", tone="warn")
        assert flashed() == [
            {"text": "Tag removed.", "undo": "/tags/3/restore", "tone": "good"},
            {"text": "Sent to 3, not to 2.", "undo": None, "tone": "warn"},
        ]


def test_a_plain_flash_of_a_library_is_said_too() -> None:
    page = Flask(__name__)
    page.secret_key = "s" * 32
    with page.test_request_context("/"):
        page.jinja_env  # noqa: B018 (only the session is needed)
        flash("x")
    with page.test_request_context("/"):
        assert flashed() == []
