-- case: from nothing
-- from
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL DEFAULT 'x' CHECK (a <> ''));
CREATE INDEX i ON t (a);

-- case: to nothing
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
CREATE INDEX i ON t (a);
CREATE VIEW v AS SELECT a FROM t;
-- to

-- case: nothing changes
-- from
CREATE TABLE t (a);
-- to
create table "t" (A);

-- case: a nullable column is added
-- from
CREATE TABLE t (a INTEGER);
-- to
CREATE TABLE t (a INTEGER, b TEXT, c REAL DEFAULT 1.5);

-- case: a required column is added
-- from
CREATE TABLE t (a INTEGER);
-- to
CREATE TABLE t (a INTEGER, b TEXT NOT NULL);

-- case: a column is added in the middle
-- from
CREATE TABLE t (a INTEGER, c TEXT);
-- to
CREATE TABLE t (a INTEGER, b TEXT, c TEXT);

-- case: a column with current_timestamp
-- from
CREATE TABLE t (a INTEGER);
-- to
CREATE TABLE t (a INTEGER, at TEXT DEFAULT CURRENT_TIMESTAMP);

-- case: a column goes
-- from
CREATE TABLE t (a INTEGER, b TEXT);
-- to
CREATE TABLE t (a INTEGER);

-- case: a column with an index goes
-- from
CREATE TABLE t (a INTEGER, b TEXT);
CREATE INDEX i ON t (b);
CREATE INDEX j ON t (a);
-- to
CREATE TABLE t (a INTEGER);
CREATE INDEX j ON t (a);

-- case: a type changes
-- from
CREATE TABLE t (a INTEGER, b VARCHAR(10));
-- to
CREATE TABLE t (a TEXT, b VARCHAR(20));

-- case: null becomes not null
-- from
CREATE TABLE t (a INTEGER, b TEXT);
-- to
CREATE TABLE t (a INTEGER NOT NULL DEFAULT 0, b TEXT NOT NULL);

-- case: not null becomes null
-- from
CREATE TABLE t (a INTEGER NOT NULL);
-- to
CREATE TABLE t (a INTEGER);

-- case: a default changes
-- from
CREATE TABLE t (a INTEGER DEFAULT 1, b TEXT);
-- to
CREATE TABLE t (a INTEGER DEFAULT 2, b TEXT DEFAULT (lower('X')));

-- case: a collation changes
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT COLLATE NOCASE);

-- case: a check comes, changes and goes
-- from
CREATE TABLE t (a INTEGER CHECK (a > 0), b INTEGER CONSTRAINT c CHECK (b > 0), d INTEGER);
-- to
CREATE TABLE t (a INTEGER, b INTEGER CONSTRAINT c CHECK (b > 1), d INTEGER CHECK (d IN (1, 2)));

-- case: a unique constraint is added
-- from
CREATE TABLE t (a INTEGER, b TEXT);
-- to
CREATE TABLE t (a INTEGER UNIQUE, b TEXT, UNIQUE (a, b));

-- case: a primary key changes
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
-- to
CREATE TABLE t (a INTEGER, b TEXT, PRIMARY KEY (a, b));

-- case: autoincrement comes
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
-- to
CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT);

-- case: autoincrement stays through a rebuild
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT);
-- to
CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT NOT NULL);

-- case: without rowid and strict
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
CREATE TABLE u (a INT) STRICT;
-- to
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) WITHOUT ROWID;
CREATE TABLE u (a INT);

-- case: a foreign key is added
-- from
CREATE TABLE p (id INTEGER PRIMARY KEY);
CREATE TABLE c (a INTEGER);
-- to
CREATE TABLE p (id INTEGER PRIMARY KEY);
CREATE TABLE c (a INTEGER REFERENCES p (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);

-- case: the parent of a foreign key is rebuilt
-- from
CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT);
CREATE TABLE c (a INTEGER REFERENCES p (id) ON DELETE CASCADE);
-- to
CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT NOT NULL);
CREATE TABLE c (a INTEGER REFERENCES p (id) ON DELETE CASCADE);

-- case: two tables that refer to each other
-- from
-- to
CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id));
CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id));

-- case: two tables that refer to each other go
-- from
CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id));
CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id));
-- to
CREATE TABLE c (id INTEGER);

-- case: an index is added, changed and dropped
-- from
CREATE TABLE t (a INTEGER, b TEXT);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (b);
-- to
CREATE TABLE t (a INTEGER, b TEXT);
CREATE UNIQUE INDEX i ON t (a DESC, lower(b)) WHERE a > 3;
CREATE INDEX k ON t (b COLLATE NOCASE);

-- case: views and triggers come, change and go
-- from
CREATE TABLE t (a INTEGER, b TEXT);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;
CREATE TRIGGER h AFTER INSERT ON t BEGIN SELECT 2; END;
-- to
CREATE TABLE t (a INTEGER, b TEXT);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW x AS SELECT a FROM v;
CREATE TRIGGER g AFTER INSERT ON t WHEN new.a > 3 BEGIN UPDATE t SET b = 'x' WHERE a = new.a; SELECT CASE WHEN 1 THEN 2 END; END;
CREATE TRIGGER k INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a, new.b); END;

-- case: a table under views and triggers is rebuilt
-- from
CREATE TABLE t (a INTEGER, b TEXT);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t VALUES (1, 2); END;
CREATE TRIGGER k INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a, 1); END;
CREATE INDEX i ON t (b);
-- to
CREATE TABLE t (a INTEGER NOT NULL, b TEXT);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t VALUES (1, 2); END;
CREATE TRIGGER k INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a, 1); END;
CREATE INDEX i ON t (b);

-- case: generated columns
-- from
CREATE TABLE t (a INTEGER, b INTEGER AS (a * 2) STORED);
-- to
CREATE TABLE t (a INTEGER, b INTEGER AS (a * 3) STORED, c INTEGER AS (a + 1));

-- case: awkward names
-- from
CREATE TABLE "Tab le" ("a b" INTEGER, [c d] TEXT, `e` INTEGER);
-- to
CREATE TABLE "Tab le" ("a b" INTEGER NOT NULL DEFAULT 1, "sel""ect" TEXT, "Ü" INTEGER CHECK ("Ü" > 0), 'e' INTEGER);
CREATE INDEX "in dex" ON "Tab le" ("a b", lower("sel""ect"));

-- case: conflict clauses
-- from
CREATE TABLE t (a INTEGER UNIQUE, b TEXT NOT NULL);
-- to
CREATE TABLE t (a INTEGER UNIQUE ON CONFLICT REPLACE, b TEXT NOT NULL ON CONFLICT IGNORE DEFAULT 'x');

-- case: a virtual table
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT);
CREATE VIRTUAL TABLE f USING fts5 (a, b);

-- case: a virtual table changes
-- from
CREATE VIRTUAL TABLE f USING fts5 (a, b);
-- to
CREATE VIRTUAL TABLE f USING fts5 (a, b, c);

-- case: a table becomes a view
-- from
CREATE TABLE base (a);
CREATE TABLE t (a);
-- to
CREATE TABLE base (a);
CREATE VIEW t AS SELECT a FROM base;
