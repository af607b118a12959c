"""A block of calls to the journal that is committed as a whole, or not at all."""

from __future__ import annotations

import sqlite3


class Transaction:
    """A block that ends with COMMIT, or with ROLLBACK after an exception; inner blocks join the outer transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._inner = False

    def __enter__(self) -> None:
        self._inner = self._db.in_transaction
        if not self._inner:
            self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._inner:
            return
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:  # some errors leave the transaction open
                self._db.execute("ROLLBACK")
