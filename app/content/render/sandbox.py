"""What a template may say: an allow-list over the tree that Jinja parses. Whatever is not on it is refused by name, with its line."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.content.render.fields import Words
from app.content.render.speech import Speech

SOURCE_BYTES = 512 * 1024
LOOPS_DEEP = 2
BLOCKS_DEEP = 10
EXPRESSION_DEEP = 20
FILTERS_MOST = 8
"""In one expression."""
NUMBER_MOST = 10**30
ENTRIES_MOST = 100
"""Of a list written in a template: no loop goes further."""
SPECIALS = {"unsubscribe_url": "unsubscribe", "view_url": "view"}
ROOTS = ("customer", "brand", "campaign")
LOOP_NAMES = frozenset({"index", "index0", "first", "last", "length"})
LEXER = Environment(keep_trailing_newline=True)  # noqa: S701 (reads templates, never renders one)
_SIGNATURES = {name: inspect.signature(run) for name, run in Speech().filters().items()}
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Call: "Calling something is not allowed here.",
    nodes.Getitem: "Square brackets are not allowed here. Write a dot: customer.fields.plan.",
    nodes.Test: "The word is cannot be used here. Compare with == or ask for the value itself: {% if customer.company %}.",
    nodes.Concat: "The sign ~ cannot be used here. Write two fields one after the other.",
    nodes.Dict: "Curly brackets cannot be used here.",
}
_PATHS_ONLY = (nodes.Name, nodes.Getattr)


class Refused(Exception):  # noqa: N818 (an answer, not an error)
    """Something a template may not say: the line, and why."""

    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(f"Line {line}: {why[:1].lower()}{why[1:]}")


def parse(text: str) -> nodes.Template:
    """Return the tree of a template. Raises Refused."""
    try:
        return LEXER.parse(text)
    except TemplateSyntaxError as problem:
        raise Refused(problem.lineno, _said(problem.message or "")) from None
    except (RecursionError, MemoryError, ValueError):
        raise Refused(1, "This is nested too deeply, or holds a number that is too large.") from None


def _said(message: str) -> str:
    """Return the parser's complaint in our words, where it is one that people meet often."""
    if found := re.search(r"needs to be closed is '(\w+)'", message):
        return f"{{% {found[1]} %}} is never closed: {{% end{found[1]} %}} is missing."
    if found := re.search(r"unknown tag '(end\w+|else|elif)'", message):
        return f"{{% {found[1]} %}} belongs to nothing before it."
    if message.replace("'", "").lower().startswith("unexpected end of template"):
        return "Something is opened with {{ or {% and never closed."
    return message or "This is not complete."


def expression(code: str) -> nodes.Expr:
    """Return the tree of what stands between {{ and }}; `code` has been checked."""
    output = parse("{{" + code + "}}").body[0]
    assert isinstance(output, nodes.Output)  # noqa: S101 (a template of one output)
    inner = output.nodes[0]
    assert isinstance(inner, nodes.Expr)  # noqa: S101 (as above)
    return inner


def path_of(node: nodes.Node) -> str | None:
    """Return `a.b.c` of a name with attributes, or None for anything else."""
    names: list[str] = []
    while isinstance(node, nodes.Getattr):
        names.append(node.attr)
        node = node.node
    return ".".join([node.name, *reversed(names)]) if isinstance(node, nodes.Name) else None


@dataclass
class Check:
    """A walk over a template's tree. `words` None: names are not compared with the workspace's. Fills `uses`."""

    words: Words | None
    specials: bool = True
    uses: set[str] = field(default_factory=set)
    _filters: int = 0

    def template(self, tree: nodes.Template) -> None:
        """Raise Refused for the first thing that is not allowed."""
        try:
            self._body(tree.body, frozenset(), 0, 0)
        except RecursionError:
            raise Refused(1, "This is nested too deeply.") from None

    def _body(self, body: list[nodes.Node], loops: frozenset[str], deep: int, depth: int) -> None:
        if depth > BLOCKS_DEEP:
            raise Refused(body[0].lineno if body else 1, f"Blocks stand inside each other at most {BLOCKS_DEEP} deep.")
        for node in body:
            if isinstance(node, nodes.Output):
                self._output(node, loops)
            elif isinstance(node, nodes.If):
                self._if(node, loops, deep, depth)
            elif isinstance(node, nodes.For):
                self._for(node, loops, deep, depth)
            else:
                raise Refused(node.lineno, f"{type(node).__name__} is not allowed here.")

    def _output(self, node: nodes.Output, loops: frozenset[str]) -> None:
        for inner in node.nodes:
            if isinstance(inner, nodes.Name) and inner.name in SPECIALS and inner.name not in loops:
                if not self.specials:
                    raise Refused(inner.lineno, f"{inner.name} cannot stand here, only in the body and the text.")
            elif not isinstance(inner, nodes.TemplateData):
                self._expression(inner, loops)

    def _if(self, node: nodes.If, loops: frozenset[str], deep: int, depth: int) -> None:
        self._expression(node.test, loops)
        self._body(node.body, loops, deep, depth + 1)
        for other in node.elif_:
            self._if(other, loops, deep, depth)
        self._body(node.else_, loops, deep, depth + 1)

    def _for(self, node: nodes.For, loops: frozenset[str], deep: int, depth: int) -> None:
        if deep >= LOOPS_DEEP:
            raise Refused(node.lineno, f"Loops stand inside each other at most {LOOPS_DEEP} deep.")
        if not isinstance(node.target, nodes.Name) or node.target.name in {*ROOTS, *SPECIALS, "loop"}:
            raise Refused(node.lineno, "A loop needs one name of its own: {% for tag in customer.tags %}.")
        if node.recursive or node.test is not None:
            raise Refused(node.lineno, "A loop is written {% for tag in customer.tags %}, without more.")
        self._underscore(node.lineno, node.target.name)
        self._expression(node.iter, loops)
        if not isinstance(node.iter, nodes.Getattr | nodes.Name | nodes.List | nodes.Tuple):
            raise Refused(node.lineno, "A loop goes over a list: {% for tag in customer.tags %}.")
        self._body(node.body, loops | {node.target.name, "loop"}, deep + 1, depth + 1)
        self._body(node.else_, loops, deep, depth + 1)

    def _expression(self, node: nodes.Node, loops: frozenset[str], depth: int = 0) -> None:
        if depth > EXPRESSION_DEEP:
            raise Refused(node.lineno, "This expression is too long. Make it simpler.")
        self._filters *= depth > 0
        if isinstance(node, _PATHS_ONLY) and (path := path_of(node)) is not None:
            self._path(path, node.lineno, loops)
            return
        if isinstance(node, nodes.Filter):
            self._filter(node)
        elif isinstance(node, nodes.Const):
            _number(node)
        elif isinstance(node, nodes.List | nodes.Tuple) and len(node.items) > ENTRIES_MOST:
            raise Refused(node.lineno, f"A list holds at most {ENTRIES_MOST} entries.")
        elif isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const) and isinstance(node.node.value, int | float):
            _number(node.node)
            return
        elif isinstance(node, nodes.Compare) and len(node.ops) > 1:
            raise Refused(node.lineno, "Compare two things at a time, with and between the comparisons.")
        elif not isinstance(node, _EXPRESSIONS):
            raise Refused(node.lineno, _refusal(node))
        for inner in node.iter_child_nodes():
            self._expression(inner, loops, depth + 1)

    def _filter(self, node: nodes.Filter) -> None:
        signature = _SIGNATURES.get(node.name)
        if signature is None:
            near = get_close_matches(node.name, _SIGNATURES, 1, 0.6)
            raise Refused(node.lineno, f"There is no filter {node.name}." + (f" Is it {near[0]}?" if near else ""))
        if node.dyn_args is not None or node.dyn_kwargs is not None or node.node is None:
            raise Refused(node.lineno, "Stars are not allowed here.")
        self._filters += 1
        if self._filters > FILTERS_MOST:
            raise Refused(node.lineno, f"At most {FILTERS_MOST} filters stand in one expression. {node.name} is one too many.")
        try:
            signature.bind(None, *node.args, **{str(pair.key): pair.value for pair in node.kwargs})
        except TypeError:
            raise Refused(node.lineno, f"The filter {node.name} does not take what is written in its brackets.") from None

    def _path(self, path: str, line: int, loops: frozenset[str]) -> None:
        root, _, rest = path.partition(".")
        for name in path.split("."):
            self._underscore(line, name)
        if root == "loop" and root in loops and rest in LOOP_NAMES:
            return
        if root in loops:
            if rest:
                raise Refused(line, f"{root} is one entry of a list and has no {rest}.")
            return
        if root in SPECIALS:
            raise Refused(line, f"{root} can only be printed as it is: {{{{ {root} }}}}.")
        self._field(path, line)
        self.uses.add(path)

    def _field(self, path: str, line: int) -> None:
        if path in {*ROOTS, "customer.fields", "customer.stats"}:
            raise Refused(line, f"{path} is not one value. Name a field of it, such as {_SUCH.get(path, 'customer.first_name')}.")
        if self.words is None or path in self.words.names:
            return
        near = self.words.near(path)
        raise Refused(line, f"There is no field {path}." + (f" Is it {near}?" if near else ""))

    @staticmethod
    def _underscore(line: int, name: str) -> None:
        if name.startswith("_"):
            raise Refused(line, f"{name} cannot be used here: names do not begin with an underscore.")


_SUCH = {"brand": "brand.name", "campaign": "campaign.name", "customer.stats": "customer.stats.orders_count"}
_EXPRESSIONS = (
    nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.List, nodes.Tuple, nodes.CondExpr, nodes.Keyword,
)  # fmt: skip


def _number(node: nodes.Const) -> None:
    """Refuse a number that Python cannot print, or that it writes as inf."""
    if isinstance(node.value, int | float) and not abs(node.value) < NUMBER_MOST:
        raise Refused(node.lineno, "This number is too large.")


def _refusal(node: nodes.Node) -> str:
    if isinstance(node, nodes.BinExpr | nodes.UnaryExpr):
        return f"Sums such as {node.operator or type(node).__name__} are not allowed here."
    return _REFUSED.get(type(node), f"{type(node).__name__} is not allowed here.")


def nodes_in(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield a node and all below it."""
    yield tree
    for child in tree.iter_child_nodes():
        yield from nodes_in(child)
