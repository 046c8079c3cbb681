import pytest
from flask import Flask
from jinja2 import Environment

from app.core.web.template import ask, here, without, workspace_id

page = Flask(__name__)


@pytest.mark.parametrize(
    ("address", "changes", "expected"),
    [
        ("/customers", {}, "/customers"),
        ("/customers?q=ad%20a&tag=vip&tag=b2b", {}, "/customers?q=ad+a&tag=vip&tag=b2b"),
        ("/customers?q=ada&sort=name", {"sort": "-orders"}, "/customers?q=ada&sort=-orders"),
        ("/customers?q=ada&sort=name", {"sort": None}, "/customers?q=ada"),
        ("/customers?q=ada", {"q": None}, "/customers"),
        ("/customers?tag=vip", {"tag": ["a b", "c&d"]}, "/customers?tag=a+b&tag=c%26d"),
        ("/customers?cursor=abc&q=ada", {"sort": "name"}, "/customers?q=ada&sort=name"),  # a change begins at the first page
        ("/customers?cursor=abc", {"cursor": "def"}, "/customers?cursor=def"),
        ("/customers", {"limit": 0}, "/customers?limit=0"),
    ],
)
def test_here_changes_the_query_and_nothing_else(address: str, changes: dict[str, object], expected: str) -> None:
    with page.test_request_context(address):
        assert here(**changes) == expected


def test_without_takes_one_of_several_values_away() -> None:
    with page.test_request_context("/customers?tag=vip&tag=b2b&q=ada&cursor=x"):
        assert without("tag", "vip") == "/customers?q=ada&tag=b2b"
        assert without("tag", "other") == "/customers?q=ada&tag=vip&tag=b2b"


def test_ask_names_the_act_and_survives_quotes() -> None:
    asks = ask('Delete "Ada"?', "Delete 1", danger=True)
    assert asks == {
        "data-confirm": 'Delete "Ada"?',
        "data-confirm-act": "Delete 1",
        "data-confirm-text": "",
        "data-confirm-back": "Not yet",
        "data-confirm-danger": "",
    }
    written = Environment(autoescape=True).from_string("<button{{ asks|xmlattr }}>").render(asks=asks)
    assert 'data-confirm="Delete &#34;Ada&#34;?"' in written
    assert "data-confirm-danger" not in ask("Send?", "Send 3")


def test_nobody_is_in_no_workspace() -> None:
    with page.test_request_context("/"):
        assert workspace_id() == ""
