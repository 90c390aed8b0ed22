"""One statement against a SQLite file: {path, sql, parameters} in, rows as objects out."""

import json
import sys

try:  # An index without a copy of its texts needs SQLite 3.43, which not every Python brings.
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:
    import sqlite3

message = json.load(sys.stdin)
connection = sqlite3.connect(message["path"], timeout=10)
connection.row_factory = sqlite3.Row
parameters = {str(place): value for place, value in enumerate(message["parameters"], start=1)}
with connection:
    rows = connection.execute(message["sql"], parameters).fetchall()
json.dump([dict(row) for row in rows], sys.stdout, default=lambda value: value.hex())
connection.close()
