"""Entries in words: the rooms that wrote them say what their values mean."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.audit.diff import Change, changes
from app.audit.models import AuditEntry
from app.core import registry


def teller(workspace_id: int, entries: Sequence[AuditEntry]) -> Callable[[AuditEntry], list[Change]]:
    """Return what tells the changes of these entries; what is named in any of them is looked up once."""
    states: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in entries:
        states[entry.subject_kind] += [state for state in (entry.before, entry.after) if state]
    known = {kind: words(workspace_id, states[kind]) for kind, words in registry.log_words if states.get(kind)}
    return lambda entry: changes(entry.before, entry.after, known.get(entry.subject_kind))
