"""Reading the rows of orders."""

import gc
import tracemalloc

from app.customers.imports.cells import Place
from app.customers.imports.mapping import Column
from app.customers.imports.orders import OrderStager


def test_long_cells_are_not_kept_in_memory() -> None:
    stager = OrderStager((Column("n", "order_id"), Column("i", "item"), Column("c", "customer_id")), Place(), "USD")
    tracemalloc.start()
    try:
        for key in ("order_id", "item", "customer_id"):
            for row in range(100):
                assert stager.readers[key](f"{row} " + "x" * 100_000)[1] is not None
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
