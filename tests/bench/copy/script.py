"""A good script of one's own: sqlite3 and psycopg2's copy_expert. script.py FILE BEFORE.sql AFTER.sql"""
import io, sqlite3, sys
import psycopg2

path, before, after = sys.argv[1:4]
source = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
target = psycopg2.connect("")
cursor = target.cursor()
escapes = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def field(value):
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(escapes)
    return "\\\\x" + value.hex() if isinstance(value, bytes) else repr(value)


class Rows(io.RawIOBase):
    def __init__(self, rows):
        self.rows, self.rest = rows, b""

    def readable(self):
        return True

    def read(self, size=65536):
        while len(self.rest) < size:
            rows = self.rows.fetchmany(2000)
            if not rows:
                break
            self.rest += "".join("\t".join(map(field, row)) + "\n" for row in rows).encode()
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken


cursor.execute("SET maintenance_work_mem = '512MB'; SET timezone = 'UTC'")
cursor.execute(open(before).read())
for (table,) in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
    cursor.copy_expert('COPY "%s" FROM STDIN' % table, Rows(source.execute('SELECT * FROM "%s"' % table)), size=1 << 20)
cursor.execute(open(after).read())
target.commit()
