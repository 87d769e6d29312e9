-- case: an index is added
-- from
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer, b text);
CREATE INDEX i ON t (a);

-- case: an index goes
-- from
CREATE TABLE t (a integer, b text);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text);

-- case: an index on a new table
-- from
CREATE TABLE other (a integer);
-- to
CREATE TABLE other (a integer);
CREATE TABLE t (a integer, b text);
CREATE INDEX i ON t (a);

-- case: an index becomes unique
-- from
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer);
CREATE UNIQUE INDEX i ON t (a);

-- case: an index changes its columns
-- from
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t (b, a);

-- case: an index changes its order
-- from
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t (a, b);
-- to
CREATE TABLE t (a integer, b integer);
CREATE INDEX i ON t (a DESC, b ASC NULLS FIRST);

-- case: an index over expressions
-- from
CREATE TABLE t (a text, b integer);
-- to
CREATE TABLE t (a text, b integer);
CREATE INDEX i ON t (lower(a), (b + 1));

-- case: a partial index over a list
-- from
CREATE TABLE t (s varchar(10), a integer);
-- to
CREATE TABLE t (s varchar(10), a integer);
CREATE INDEX i ON t (a) WHERE s IN ('a', 'b');
CREATE UNIQUE INDEX j ON t (a) WHERE s = 'x' AND a IS NOT NULL;

-- case: a partial index changes its condition
-- from
CREATE TABLE t (a integer, b boolean);
CREATE INDEX i ON t (a) WHERE b;
-- to
CREATE TABLE t (a integer, b boolean);
CREATE INDEX i ON t (a) WHERE NOT b;

-- case: an index includes columns
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer);
CREATE UNIQUE INDEX i ON t (a) INCLUDE (b);

-- case: operator classes and collations
-- from
CREATE TABLE t (a text, b jsonb);
-- to
CREATE TABLE t (a text, b jsonb);
CREATE INDEX i ON t (a text_pattern_ops);
CREATE INDEX j ON t (a COLLATE "C" varchar_pattern_ops DESC);
CREATE INDEX k ON t USING gin (b jsonb_path_ops);

-- case: methods
-- from
CREATE TABLE t (a integer, b int4range, c text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b int4range, c text[]);
CREATE INDEX i ON t USING hash (a);
CREATE INDEX j ON t USING gist (b);
CREATE INDEX k ON t USING gin (c);
CREATE INDEX l ON t USING brin (a) WITH (pages_per_range = 32);

-- case: storage parameters of an index
-- from
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a) WITH (fillfactor = 70);

-- case: nulls not distinct
-- from
CREATE TABLE t (a integer);
CREATE UNIQUE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer);
CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;

-- case: an index with a comment
-- from
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t ((a * 2));
COMMENT ON INDEX i IS 'one';
COMMENT ON INDEX j IS 'two';

-- case: an index on a materialized view
-- from
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE UNIQUE INDEX m_a ON m (a);

-- case: an index whose column changes its type
-- from
CREATE TABLE t (a integer, b text);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (a) WHERE a > 3;
-- to
CREATE TABLE t (a bigint, b text);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (a) WHERE a > 3;

-- case: an index uses a function that changes
-- from
CREATE FUNCTION f(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n';
CREATE TABLE t (a integer);
CREATE INDEX i ON t (f(a));
-- to
CREATE FUNCTION f(n integer) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT n::bigint';
CREATE TABLE t (a integer);
CREATE INDEX i ON t (f(a));

-- case: a table is clustered
-- from
CREATE TABLE t (a integer PRIMARY KEY, b integer);
CREATE INDEX i ON t (b);
-- to
CREATE TABLE t (a integer PRIMARY KEY, b integer);
CREATE INDEX i ON t (b);
ALTER TABLE t CLUSTER ON i;

-- case: a replica identity
-- from
CREATE TABLE t (a integer NOT NULL, b integer);
CREATE UNIQUE INDEX i ON t (a);
CREATE TABLE u (a integer);
-- to
CREATE TABLE t (a integer NOT NULL, b integer);
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
CREATE TABLE u (a integer);
ALTER TABLE u REPLICA IDENTITY FULL;
