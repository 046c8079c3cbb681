"""Items become parts: constants, quick closures for plain fields, and templates of Jinja's sandbox for everything else."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import ChainableUndefined, nodes, pass_context
from jinja2.environment import Template
from jinja2.runtime import Context as Scope
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from app.content.render.links import with_utm
from app.content.render.marks import Item, Mark
from app.content.render.measure import measure, measured
from app.content.render.parts import (
    INNER,
    MARK,
    OUTPUT_CHARACTERS,
    Block,
    Const,
    Context,
    Link,
    Part,
    Personal,
    Special,
    clean_url,
    escape,
)
from app.content.render.sandbox import ROOTS, Refused, expression, nodes_in, path_of
from app.content.render.speech import Speech, compare, missing, say, urlpart

TURNS = 100
_LONG = 200
"""Values of more characters are counted one by one; shorter ones are so few that the whole is counted at the end."""
_QUERY_VALUE = re.compile(r"[?&][^?&#=]*=[^&#]*$")
_NEITHER = str.maketrans("", "", MARK + INNER)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja that sees nothing but mappings' entries and a loop's place."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)


class _Tame(NodeTransformer):
    """Make loops and comparisons ours: a loop ends after 100 turns or when the time is over, a comparison never fails."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 (Jinja's name)
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "_turns", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Filter:  # noqa: N802 (Jinja's name)
        self.generic_visit(node)
        other = node.ops[0]
        return nodes.Filter(node.expr, "_compare", [nodes.Const(other.op), other.expr], [], None, None, lineno=node.lineno)

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.FilterBlock:  # noqa: N802 (Jinja's name)
        """Count what a block collects before anything is given out."""
        self.generic_visit(node)
        for output in node.find_all(nodes.Output):
            output.nodes = [_counted(inner) for inner in output.nodes]
        return node


def _counted(node: nodes.Expr) -> nodes.Filter:
    inner = nodes.Filter(nodes.Const(node.data), "_ours", [], [], None, None) if isinstance(node, nodes.TemplateData) else node
    return nodes.Filter(inner, "_count", [], [], None, None, lineno=node.lineno)


@pass_context
def _turns(scope: Scope, value: Any) -> Iterator[Any]:
    budget = scope["_budget"]
    for turn in value[:TURNS] if isinstance(value, list | tuple) else ():
        budget.check()
        yield turn


@pass_context
def _say(scope: Scope, value: Any) -> str:
    """Print a value, without the signs between which links stand; what is marked as safe is our own."""
    if isinstance(value, Markup):
        return value
    scope["_budget"].check()
    measure(value, OUTPUT_CHARACTERS)
    return say(value).translate(_NEITHER)


@pass_context
def _count(scope: Scope, value: Any) -> Markup:
    """Print a value within an address, and count it now: the address is given out as a whole."""
    measure(value, OUTPUT_CHARACTERS)
    text = value if isinstance(value, Markup) else _raw(value)
    scope["_budget"].take(len(text))
    return text


def _raw(value: Any) -> Markup:
    """Print a value within an address, which is escaped as a whole later."""
    return Markup(say(value).translate(_NEITHER))  # noqa: S704 (see above)


def _param(value: Any) -> Markup:
    return Markup(urlpart(value))  # noqa: S704 (letters, digits and percent signs)


@dataclass
class Writer:
    """Makes parts for one place: `html` escapes values. `brand` is known now, so it becomes constant."""

    html: bool
    brand: Mapping[str, Any]
    speech: Speech
    utm: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._environment = self._make(autoescape=self.html)
        self._bare = self._make(autoescape=False)
        self._known: dict[tuple[str, bool], Personal] = {}

    def _make(self, *, autoescape: bool) -> _Sandbox:
        made = _Sandbox(
            autoescape=autoescape, undefined=ChainableUndefined, finalize=_say, keep_trailing_newline=True, cache_size=0, optimized=False
        )
        made.globals.clear()
        made.filters = {
            **{name: measured(run) for name, run in self.speech.filters().items()},
            "_turns": _turns,
            "_compare": measured(compare, OUTPUT_CHARACTERS),
            "_param": measured(_param, OUTPUT_CHARACTERS),
            "_raw": measured(_raw, OUTPUT_CHARACTERS),
            "_ours": Markup,
            "_count": _count,
            "_whole": self._whole,
        }
        return made

    def _whole(self, value: Any) -> Markup:
        """Finish an address that begins with a field."""
        url = clean_url(str(value))
        return Markup(with_utm(url, self.utm) if url else "")  # noqa: S704 (escaped as a whole later)

    def parts(self, items: Sequence[Item]) -> tuple[Part, ...]:
        """Return the parts of items, neighbouring constants as one. Raises Refused."""
        return tuple(_merged(self._parts(items)))

    def _parts(self, items: Sequence[Item]) -> Iterator[Part]:
        for region in regions(items):
            if isinstance(region, str):
                yield Const(region)
            elif len(region) > 1 or region[0].kind == "group":  # type: ignore[union-attr] # a region begins with a mark
                yield self._region(region)
            else:
                yield self._single(region[0])  # type: ignore[arg-type] # as above

    def _single(self, mark: Mark) -> Part:
        if mark.kind == "special":
            return Special(mark.code)  # type: ignore[arg-type] # one of the three
        if mark.kind == "link":
            return self._link(mark)
        return self._output(mark, escaped=self.html)

    def _output(self, mark: Mark, *, escaped: bool, parameter: bool = False) -> Const | Personal:
        """Return a merge field: a constant, a quick closure, or a template."""
        node = expression(mark.code)
        encode = parameter and not _is_encoded(node)
        quick = _quick(node)
        if quick is None:
            return self._template("{{(" + mark.code + ")|_param}}" if encode else "{{" + mark.code + "}}", escaped=escaped, line=mark.line)
        write = urlpart if encode else escape if escaped else str
        path, instead = quick
        if path[0] == "brand" and len(path) == 2:  # noqa: PLR2004 (brand.name)
            return Const(write(say(self.brand.get(path[1])) or instead))
        return Personal(_closure(path, write(instead), write))

    def _link(self, mark: Mark) -> Link:
        items = mark.items
        first = items[0]
        if isinstance(first, str):
            return Link(mark.position, tuple(_merged(self._target(items))))  # type: ignore[arg-type] # no links within links
        parts = [Const(item) if isinstance(item, str) else self._piece(item, parameter=False) for item in items]
        return Link(mark.position, (Personal(_whole_url(parts, self.utm)),))

    def _target(self, items: Iterable[Item]) -> Iterator[Const | Personal]:
        before = ""
        for item in items:
            if isinstance(item, str):
                before += item
                yield Const(item)
            else:
                yield self._piece(item, parameter=bool(_QUERY_VALUE.search(before)))

    def _piece(self, item: Mark, *, parameter: bool) -> Const | Personal:
        if item.kind == "output":
            return self._output(item, escaped=False, parameter=parameter)
        return self._template("".join(self._code(item.items)), escaped=False, line=item.line)

    def _region(self, items: Sequence[Item]) -> Personal | Block:
        """Return a whole block as a template; with links or specials in it, they stand between marks."""
        code = "".join(self._code(items))
        made = self._template(code, escaped=self.html, line=next(item.line for item in items if isinstance(item, Mark)))
        return Block(made.render) if MARK in code else made

    def _code(self, items: Sequence[Item]) -> Iterator[str]:
        """Write items as a template again. A curly bracket of the text must not become one."""
        for item in items:
            if isinstance(item, str):
                yield _text(item)
            elif item.kind == "output":
                yield "{{" + item.code + "}}"
            elif item.kind in {"open", "turn", "close"}:
                yield "{%" + item.code + "%}"
            elif item.kind == "group":
                yield from self._code(item.items)
            elif item.kind == "special":
                yield f"{MARK}{item.code}{INNER}{MARK}"
            else:
                yield f"{MARK}{item.position}{INNER}{''.join(self._link_code(item))}{MARK}"

    def _link_code(self, mark: Mark) -> Iterator[str]:
        whole = not isinstance(mark.items[0], str)
        yield "{% filter _whole %}" * whole
        before = ""
        for item in mark.items:
            if isinstance(item, str):
                before += item
                yield _text(item)
            elif item.kind == "output":
                encode = _QUERY_VALUE.search(before) and not _is_encoded(expression(item.code))
                yield "{{(" + item.code + ")|" + ("_param" if encode else "_raw") + "}}"
            else:
                yield from self._code(item.items)
        yield "{% endfilter %}" * whole

    def _template(self, code: str, *, escaped: bool, line: int) -> Personal:
        known = self._known.get((code, escaped))
        if known is not None:
            return known
        environment = self._environment if escaped else self._bare
        try:
            tree = _Tame().visit(environment.parse(code))
            _check_size(tree, line)
            made = Template.from_code(environment, environment.compile(tree), environment.make_globals(None))
        except (RecursionError, MemoryError, SyntaxError):
            raise Refused(line, "This is nested too deeply, or too long for one block.") from None
        return self._known.setdefault((code, escaped), Personal(_runner(made, self.brand)))


_NODES = 20_000


def _check_size(tree: nodes.Template, line: int) -> None:
    if sum(1 for _ in nodes_in(tree)) > _NODES:
        raise Refused(line, "This block holds too much. Make it shorter.")


def _runner(made: Template, brand: Mapping[str, Any]) -> Callable[[Context], str]:
    """Return what renders a template within the mail's budget."""

    def run(context: Context) -> str:
        budget = context["_budget"]
        budget.check()
        pieces = []
        for piece in made.root_render_func(made.new_context({**context, "brand": brand})):
            budget.take(len(piece))
            pieces.append(piece)
        return "".join(pieces)

    return run


def _closure(path: tuple[str, ...], instead: str, write: Callable[[str], str]) -> Callable[[Context], str]:
    """Return the quick way to a field: what Jinja would give for `{{ a.b.c | default("instead") }}`."""
    root, *others = path
    last = others.pop()
    middle = others[0] if others else None

    def run(context: Context) -> str:
        try:
            value = context[root][last] if middle is None else context[root][middle][last]
        except (KeyError, TypeError):
            return instead
        text = value if type(value) is str else say(value)
        if len(text) > _LONG:
            context["_budget"].take(len(text))
        return instead if missing(value) else write(text)

    return run


def _whole_url(parts: list[Const | Personal], utm: Mapping[str, str]) -> Callable[[Context], str]:
    """Return what renders an address that begins with a field: only then it is known whether it is one."""

    def run(context: Context) -> str:
        url = clean_url("".join([part.text if isinstance(part, Const) else part.render(context) for part in parts]))
        return with_utm(url, utm) if url else ""

    return run


def _quick(node: nodes.Expr) -> tuple[tuple[str, ...], str] | None:
    """Return the path and the default of a plain field, or None for anything more."""
    instead = ""
    if isinstance(node, nodes.Filter) and node.name == "default" and not node.kwargs and node.node is not None and len(node.args) < 2:  # noqa: PLR2004
        if node.args:
            given = node.args[0]
            if not isinstance(given, nodes.Const):
                return None
            instead = say(given.value)
        node = node.node
    names = tuple((path_of(node) or "").split("."))
    return (names, instead) if names[0] in ROOTS and len(names) in (2, 3) else None


def _is_encoded(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Filter) and node.name == "urlencode"


def _text(text: str) -> str:
    return text.translate(_NEITHER).replace("{", "{{'{'}}")


def _merged(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield parts, neighbouring constants as one and empty ones not at all."""
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Const):
            texts.append(part.text)
            continue
        if text := "".join(texts):
            yield Const(text)
        texts = []
        yield part
    if text := "".join(texts):
        yield Const(text)


def regions(items: Iterable[Item]) -> Iterator[str | list[Item]]:
    """Yield texts, and lists: of a whole block with all that stands in it, or of one mark."""
    deep = 0
    region: list[Item] = []
    for item in items:
        kind = "text" if isinstance(item, str) else item.kind
        deep += {"open": 1, "close": -1}.get(kind, 0)
        if deep or kind == "close":
            region.append(item)
            if deep == 0:
                yield region
                region = []
        else:
            yield item if isinstance(item, str) else [item]
