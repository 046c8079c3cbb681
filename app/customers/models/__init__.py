"""Tables of customers, split by noun."""

from app.customers.models.activities import Activity, ActivityKind, ActivitySource, Kind
from app.customers.models.consent import Consent, ConsentLog, Suppression, Topic
from app.customers.models.customers import Customer, Stage
from app.customers.models.fields import (
    BulkAct,
    CustomerChange,
    CustomerDay,
    CustomerDayMove,
    CustomerField,
    CustomerStats,
    FieldType,
    KeptCount,
    SavedView,
)
from app.customers.models.imports import Act, Import, ImportReject, ImportState, ImportUndo, UndoState
from app.customers.models.orders import Order, OrderLine

__all__ = [
    "Act",
    "Activity",
    "ActivityKind",
    "ActivitySource",
    "BulkAct",
    "Consent",
    "ConsentLog",
    "Customer",
    "CustomerChange",
    "CustomerDay",
    "CustomerDayMove",
    "CustomerField",
    "CustomerStats",
    "FieldType",
    "Import",
    "ImportReject",
    "ImportState",
    "ImportUndo",
    "KeptCount",
    "Kind",
    "Order",
    "OrderLine",
    "SavedView",
    "Stage",
    "Suppression",
    "Topic",
    "UndoState",
]
