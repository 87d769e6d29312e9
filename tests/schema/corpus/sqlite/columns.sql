-- case: INTEGER becomes TEXT
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);

-- case: TEXT becomes INTEGER
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);

-- case: TEXT becomes BLOB
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB);

-- case: REAL becomes NUMERIC
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a NUMERIC);

-- case: VARCHAR(10) becomes VARCHAR(20)
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(10));
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(20));

-- case: no type becomes TEXT
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a );
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);

-- case: TEXT becomes no type
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a );

-- case: DECIMAL(10,2) becomes REAL
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a DECIMAL(10,2));
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a REAL);

-- case: BOOLEAN becomes INTEGER
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a BOOLEAN);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);

-- case: DATETIME becomes TEXT
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a DATETIME);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);

-- case: UNSIGNED BIG INT becomes BIGINT
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a UNSIGNED BIG INT);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a BIGINT);

-- case: a default: a number
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT -1);

-- case: a default: a hexadecimal number
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT 0x10);

-- case: a default: a text with a quote
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT 'it''s');

-- case: a default: a blob
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT x'00ff');

-- case: a default: null
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT NULL);

-- case: a default: the time
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT CURRENT_TIME);

-- case: a default: the date
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT CURRENT_DATE);

-- case: a default: an expression
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT (1 + 2));

-- case: a default: a call
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT (strftime('%Y', 'now')));

-- case: a default: a random blob
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT (randomblob(8)));

-- case: a default: a truth
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT TRUE);

-- case: a default: a float
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a DEFAULT 1.5e3);

-- case: a column with a default is added to a table with rows in mind
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b INTEGER DEFAULT 0, c REAL);

-- case: a column with a check is added
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT CHECK (a <> ''));

-- case: a column with a reference is added
-- from
CREATE TABLE p (id INTEGER PRIMARY KEY);
CREATE TABLE t (id INTEGER PRIMARY KEY);
-- to
CREATE TABLE p (id INTEGER PRIMARY KEY);
CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p);

-- case: a unique column is added
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE);

-- case: a virtual column is added
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2), c TEXT GENERATED ALWAYS AS (a || 'x') VIRTUAL);

-- case: a stored column is added and a virtual one goes
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2));
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, c INTEGER AS (a * 3) STORED);

-- case: an expression of a generated column changes
-- from
CREATE TABLE t (a INTEGER, b INTEGER AS (a * 2));
-- to
CREATE TABLE t (a INTEGER, b INTEGER AS (a * 3));

-- case: columns change their places
-- from
CREATE TABLE t (a INTEGER, b TEXT, c);
-- to
CREATE TABLE t (c, b TEXT, a INTEGER);

-- case: a column that is not null goes and another comes
-- from
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);
-- to
CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT '');

-- case: a collation NOCASE
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT COLLATE NOCASE);

-- case: a collation RTRIM
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT COLLATE RTRIM);

-- case: a collation BINARY
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT COLLATE BINARY);

-- case: a column named like a keyword
-- from
CREATE TABLE t ("order" INTEGER, [group] TEXT, `a b` REAL);
-- to
CREATE TABLE t ("order" INTEGER, [group] TEXT, `a b` TEXT, "x""y" BLOB, 'q' INTEGER);

-- case: names in other letters are the same
-- from
CREATE TABLE T (A INTEGER, B TEXT);
CREATE INDEX I ON T (A);
-- to
CREATE TABLE T (A INTEGER, B TEXT, c REAL);
CREATE INDEX I ON T (A);
CREATE VIEW V AS SELECT a, b FROM t;
