-- case: a primary key of two columns
-- from
CREATE TABLE t (a INTEGER, b INTEGER);
-- to
CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (a, b));

-- case: a primary key in descending order
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY);
-- to
CREATE TABLE t (a INTEGER PRIMARY KEY DESC);

-- case: a primary key of a text
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT PRIMARY KEY NOT NULL);

-- case: a primary key goes
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY, b);
-- to
CREATE TABLE t (a INTEGER, b);

-- case: a primary key gets a name
-- from
CREATE TABLE t (a TEXT PRIMARY KEY);
-- to
CREATE TABLE t (a TEXT CONSTRAINT k PRIMARY KEY);

-- case: a primary key with a conflict clause
-- from
CREATE TABLE t (a TEXT PRIMARY KEY);
-- to
CREATE TABLE t (a TEXT PRIMARY KEY ON CONFLICT REPLACE);

-- case: a unique pair
-- from
CREATE TABLE t (a, b);
-- to
CREATE TABLE t (a, b, UNIQUE (a, b));

-- case: a unique pair with order and collation
-- from
CREATE TABLE t (a, b, UNIQUE (a, b));
-- to
CREATE TABLE t (a, b, UNIQUE (a DESC, b COLLATE NOCASE));

-- case: a unique key changes its conflict clause
-- from
CREATE TABLE t (a UNIQUE);
-- to
CREATE TABLE t (a UNIQUE ON CONFLICT IGNORE);

-- case: a unique key gets a name
-- from
CREATE TABLE t (a UNIQUE);
-- to
CREATE TABLE t (a CONSTRAINT u UNIQUE);

-- case: not null with a conflict clause
-- from
CREATE TABLE t (a TEXT NOT NULL);
-- to
CREATE TABLE t (a TEXT NOT NULL ON CONFLICT ABORT);

-- case: a check over two columns
-- from
CREATE TABLE t (a, b);
-- to
CREATE TABLE t (a, b, CHECK (a < b));

-- case: a named check changes
-- from
CREATE TABLE t (a CONSTRAINT c CHECK (a > 0));
-- to
CREATE TABLE t (a CONSTRAINT c CHECK (a > 1));

-- case: a check with a glob and a list
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT CHECK (a GLOB '[a-z]*' OR a IN ('X', 'Y')));

-- case: a check with a case
-- from
CREATE TABLE t (a, b);
-- to
CREATE TABLE t (a, b, CHECK (CASE WHEN a THEN b > 0 ELSE b IS NULL END));

-- case: a check of a type
-- from
CREATE TABLE t (a);
-- to
CREATE TABLE t (a CHECK (typeof(a) = 'integer'));

-- case: several constraints of one column
-- from
CREATE TABLE t (a TEXT);
-- to
CREATE TABLE t (a TEXT CONSTRAINT x NOT NULL CONSTRAINT y CHECK (length(a) > 2) CONSTRAINT z UNIQUE DEFAULT 'abc');

-- case: without rowid
-- from
CREATE TABLE t (a TEXT PRIMARY KEY, b);
-- to
CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID --
;

-- case: strict
-- from
CREATE TABLE t (a TEXT, b INTEGER);
-- to
CREATE TABLE t (a TEXT, b INTEGER) STRICT --
;

-- case: autoincrement goes
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b);
-- to
CREATE TABLE t (a INTEGER PRIMARY KEY, b);

-- case: a foreign key to another column
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p);
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (j));

-- case: a foreign key that cascades
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i));
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i) ON DELETE CASCADE ON UPDATE CASCADE);

-- case: a foreign key that sets to null
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i) ON DELETE CASCADE);
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i) ON DELETE SET NULL);

-- case: a foreign key that is deferred
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i));
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i) DEFERRABLE INITIALLY DEFERRED);

-- case: a foreign key of two columns
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a, b);
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES p (k, l));

-- case: a foreign key with a name
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i));
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a CONSTRAINT f REFERENCES p (i));

-- case: a foreign key that goes
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a REFERENCES p (i));
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a);

-- case: a foreign key with a default
-- from
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a DEFAULT 1 REFERENCES p (i));
-- to
CREATE TABLE p (i INTEGER PRIMARY KEY, j TEXT UNIQUE, k, l, UNIQUE (k, l));
CREATE TABLE t (a DEFAULT 2 REFERENCES p (i) ON DELETE SET DEFAULT);

-- case: a foreign key to itself
-- from
CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER);
-- to
CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER REFERENCES t (a) ON DELETE CASCADE);

-- case: three tables in a circle
-- from
CREATE TABLE a (i INTEGER PRIMARY KEY, j REFERENCES b);
CREATE TABLE b (i INTEGER PRIMARY KEY, j REFERENCES c);
CREATE TABLE c (i INTEGER PRIMARY KEY, j REFERENCES a);
-- to
CREATE TABLE a (i INTEGER PRIMARY KEY, j REFERENCES b, k TEXT NOT NULL DEFAULT '');
CREATE TABLE b (i INTEGER PRIMARY KEY, j REFERENCES c ON DELETE CASCADE);
CREATE TABLE c (i INTEGER PRIMARY KEY);
