"""Which names of a statement mean something outside of it, and where they stand in the text."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.reproduce.modules import Imported, Text, imported

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Use:
    """A name, with the attributes read off it: `types.kinds` is ("types", "kinds").

    `ends` is where the text of each part ends. `around` are the names that functions around
    it bind. `imported` is what the name was imported as inside a function, if it was. `keyed`:
    it is read by a key, `NAME[key]`.
    """

    chain: tuple[str, ...]
    start: int
    ends: tuple[int, ...]
    around: frozenset[str]
    imported: Imported | None = None
    keyed: bool = False


@dataclass
class _Scope:
    names: frozenset[str]
    imports: dict[str, Imported]
    is_class: bool = False


@dataclass
class _Walk(ast.NodeVisitor):
    """Collects uses; annotations of functions and of their variables are passed over."""

    text: Text
    scopes: list[_Scope] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def visit_Name(self, node: ast.Name) -> None:
        self._use(node, [])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts: list[ast.Attribute] = []
        value: ast.expr = node
        while isinstance(value, ast.Attribute):
            parts.append(value)
            value = value.value
        if isinstance(value, ast.Name):
            self._use(value, parts[::-1])
        else:
            self.visit(value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Name):
            self._use(node.value, [], keyed=True)
        else:
            self.visit(node.value)
        self.visit(node.slice)

    def _use(self, root: ast.Name, parts: list[ast.Attribute], keyed: bool = False) -> None:
        known = [
            s for i, s in enumerate(self.scopes) if not s.is_class or i == len(self.scopes) - 1
        ]
        found = None
        for scope in reversed(known):
            if root.id in scope.imports:
                found = scope.imports[root.id]
                break
            if root.id in scope.names:
                return
        around = frozenset().union(*(scope.names for scope in known)) if known else frozenset()
        chain = (root.id, *(part.attr for part in parts))
        ends = (self.text.end(root), *(self.text.end(part) for part in parts))
        self.uses.append(Use(chain, self.text.start(root), ends, around, found, keyed))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._function(node, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node, [node.body])

    def _function(self, node: Function, body: Iterable[ast.AST]) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        statements = list(body)
        arguments = {each.arg for each in _arguments(node.args)}
        imports = dict(_imports(statements))
        ours = {name: what for name, what in imports.items() if what.ours}
        names = arguments | set(bound(statements)) - ours.keys()
        self._inside(_Scope(frozenset(names), ours), statements)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for each in (*node.decorator_list, *node.bases, *(key.value for key in node.keywords)):
            self.visit(each)
        self._inside(_Scope(frozenset(bound(node.body)), {}, is_class=True), node.body)

    def visit_ListComp(self, node: Comprehension) -> None:
        first, *rest = node.generators
        self.visit(first.iter)
        names = frozenset(name for each in node.generators for name in bound([each.target]))
        inner: list[ast.AST] = [first.target, *first.ifs, *rest]
        inner += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._inside(_Scope(names, {}), inner)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        in_function = bool(self.scopes) and not self.scopes[-1].is_class
        for each in (node.target, node.value, None if in_function else node.annotation):
            if each is not None:
                self.visit(each)

    def _inside(self, scope: _Scope, nodes: Iterable[ast.AST]) -> None:
        self.scopes.append(scope)
        for node in nodes:
            self.visit(node)
        self.scopes.pop()


def uses(statement: ast.stmt, text: Text) -> list[Use]:
    """Every use of a name in `statement` that no function in it binds."""
    walk = _Walk(text)
    walk.visit(statement)
    return walk.uses


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (each for each in (arguments.vararg, arguments.kwarg) if each is not None)


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of one scope: those of functions, classes and comprehensions in it are not."""
    for node in nodes:
        yield node
        if not isinstance(node, ast.ClassDef | Function | Comprehension):
            yield from _own(ast.iter_child_nodes(node))


def _imports(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, Imported]]:
    for node in _own(nodes):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from imported(node)


def bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that these nodes bind in their own scope."""
    kept = list(nodes)
    outer = {name for node in _own(kept) if isinstance(node, ast.Global) for name in node.names}
    for node in _own(kept):
        yield from (name for name in _binds(node) if name not in outer)


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
        yield from filter(None, [node.name])
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (name for name, _ in imported(node))
    elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
