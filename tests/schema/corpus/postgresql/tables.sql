-- case: nothing changes
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);

-- case: from nothing
-- from
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text NOT NULL DEFAULT 'x' CHECK (b <> ''));

-- case: to nothing
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text NOT NULL DEFAULT 'x' CHECK (b <> ''));
-- to

-- case: a table without columns
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
CREATE TABLE e ();

-- case: a table is made and another goes
-- from
CREATE TABLE a (id integer PRIMARY KEY);
-- to
CREATE TABLE b (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());

-- case: a table becomes unlogged
-- from
CREATE TABLE t (a integer);
CREATE UNLOGGED TABLE u (a integer);
-- to
CREATE UNLOGGED TABLE t (a integer);
CREATE TABLE u (a integer);

-- case: storage parameters
-- from
CREATE TABLE t (a integer) WITH (fillfactor = 70, autovacuum_enabled = false);
-- to
CREATE TABLE t (a integer) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE u (a integer) WITH (fillfactor = 50);

-- case: comments on tables
-- from
CREATE TABLE t (a integer);
CREATE TABLE u (a integer);
COMMENT ON TABLE u IS 'gone';
-- to
CREATE TABLE t (a integer);
CREATE TABLE u (a integer);
COMMENT ON TABLE t IS 'a ''quoted'' comment
of two lines';

-- case: a range partitioned table is made
-- from
-- to
CREATE TABLE p (a integer NOT NULL, b text) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE TABLE pd PARTITION OF p DEFAULT;
CREATE INDEX p_b ON p (b);

-- case: a partition is added and one goes
-- from
CREATE TABLE p (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
-- to
CREATE TABLE p (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2, 3);

-- case: a hash partitioned table gets a primary key and an index
-- from
CREATE TABLE p (a integer NOT NULL, b text) PARTITION BY HASH (a);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- to
CREATE TABLE p (a integer NOT NULL, b text, PRIMARY KEY (a)) PARTITION BY HASH (a);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX p_b ON p (b);

-- case: a column of a partitioned table changes
-- from
CREATE TABLE p (a integer NOT NULL, b varchar(5)) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10);
-- to
CREATE TABLE p (a integer NOT NULL, b text NOT NULL DEFAULT 'x', c integer CHECK (c > 0)) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10);

-- case: a sub-partitioned table
-- from
CREATE TABLE p (a integer, b integer) PARTITION BY RANGE (a);
-- to
CREATE TABLE p (a integer, b integer) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10) PARTITION BY LIST (b);
CREATE TABLE p1a PARTITION OF p1 FOR VALUES IN (1);

-- case: a partition changes its bound
-- from
CREATE TABLE p (a integer) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10);
-- to
CREATE TABLE p (a integer) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (20);

-- case: a table inherits
-- from
CREATE TABLE base (a integer, b text);
-- to
CREATE TABLE base (a integer, b text);
CREATE TABLE child (c integer) INHERITS (base);

-- case: an inherited column is added
-- from
CREATE TABLE base (a integer);
CREATE TABLE child (c integer) INHERITS (base);
-- to
CREATE TABLE base (a integer, b text);
CREATE TABLE child (c integer) INHERITS (base);

-- case: a table becomes partitioned
-- from
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer, b text) PARTITION BY RANGE (a);

-- case: a table becomes a view
-- from
CREATE TABLE base (a integer);
CREATE TABLE t (a integer);
-- to
CREATE TABLE base (a integer);
CREATE VIEW t AS SELECT a FROM base;

-- case: a typed table
-- from
CREATE TYPE pair AS (a integer, b text);
-- to
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE t OF pair;

-- case: tables in schemas of their own
-- from
CREATE SCHEMA one;
CREATE TABLE one.t (a integer);
-- to
CREATE SCHEMA one;
CREATE TABLE one.t (a bigint PRIMARY KEY);
CREATE SCHEMA "Two";
CREATE TABLE "Two".t (a integer REFERENCES one.t (a));
CREATE VIEW v AS SELECT t.a FROM one.t JOIN "Two".t AS u ON u.a = t.a;

-- case: a schema goes with all that is in it
-- from
CREATE SCHEMA one;
CREATE TABLE one.t (a integer PRIMARY KEY);
CREATE FUNCTION one.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
COMMENT ON SCHEMA one IS 'x';
-- to
CREATE TABLE u (a integer);

-- case: row level security
-- from
CREATE TABLE t (a integer);
CREATE TABLE u (a integer);
ALTER TABLE u ENABLE ROW LEVEL SECURITY;
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
ALTER TABLE t FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (a > 0) WITH CHECK (a < 10);
CREATE TABLE u (a integer);

-- case: a policy changes and goes
-- from
CREATE TABLE t (a integer, s varchar(3));
CREATE POLICY p ON t FOR SELECT USING (a > 0);
CREATE POLICY q ON t AS RESTRICTIVE FOR INSERT WITH CHECK (s IN ('a', 'b'));
-- to
CREATE TABLE t (a integer, s varchar(3));
CREATE POLICY p ON t FOR UPDATE USING (a > 1) WITH CHECK (s IN ('a', 'b'));
COMMENT ON POLICY p ON t IS 'why';
