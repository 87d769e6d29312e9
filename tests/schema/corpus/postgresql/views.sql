-- case: a view is added
-- from
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, upper(b) AS b FROM t WHERE a > 1;

-- case: a view goes
-- from
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer, b text);

-- case: a view gets a column at its end
-- from
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
-- to
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;

-- case: a view loses a column under another view
-- from
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;
-- to
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;

-- case: a view over a list
-- from
CREATE TABLE t (s varchar(10));
-- to
CREATE TABLE t (s varchar(10));
CREATE VIEW v AS SELECT s FROM t WHERE s IN ('a', 'b') OR s LIKE 'x%';

-- case: a view over a list changes
-- from
CREATE TABLE t (s varchar(10));
CREATE VIEW v AS SELECT s FROM t WHERE s IN ('a', 'b');
-- to
CREATE TABLE t (s varchar(10));
CREATE VIEW v AS SELECT s FROM t WHERE s IN ('a', 'b', 'c');

-- case: options of a view
-- from
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM t WITH LOCAL CHECK OPTION;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v WITH (security_barrier = true) AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM t WITH CASCADED CHECK OPTION;

-- case: a view that groups by a primary key
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text);
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text);
CREATE VIEW v AS SELECT a, b, count(*) AS n FROM t GROUP BY a;

-- case: the primary key that a view groups by changes its name
-- from
CREATE TABLE t (a integer, b text, CONSTRAINT one PRIMARY KEY (a));
CREATE VIEW v AS SELECT a, b, count(*) AS n FROM t GROUP BY a;
-- to
CREATE TABLE t (a integer, b text, CONSTRAINT two PRIMARY KEY (a));
CREATE VIEW v AS SELECT a, b, count(*) AS n FROM t GROUP BY a;

-- case: a table loses a column that a view showed
-- from
CREATE TABLE t (a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;

-- case: views in the reverse order of their names
-- from
-- to
CREATE TABLE t (a integer);
CREATE VIEW z AS SELECT a FROM t;
CREATE VIEW y AS SELECT a FROM z;
CREATE VIEW x AS SELECT a FROM y;

-- case: a recursive view and a view with values
-- from
-- to
CREATE RECURSIVE VIEW r (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10;
CREATE VIEW v (a, b) AS VALUES (1, 'x'), (2, 'y');

-- case: a materialized view is added
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a, count(*) FROM t GROUP BY a;
CREATE UNIQUE INDEX m_a ON m (a);

-- case: a materialized view changes
-- from
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE UNIQUE INDEX m_a ON m (a);
CREATE VIEW v AS SELECT a FROM m;
-- to
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a + 1 AS a FROM t;
CREATE UNIQUE INDEX m_a ON m (a);
CREATE VIEW v AS SELECT a FROM m;

-- case: a view becomes materialized
-- from
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW v AS SELECT a FROM t;

-- case: comments on views
-- from
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
COMMENT ON VIEW v IS 'one';
COMMENT ON MATERIALIZED VIEW m IS 'two';
COMMENT ON COLUMN v.a IS 'three';

-- case: a view with a comment is made again
-- from
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
COMMENT ON VIEW v IS 'kept';
COMMENT ON COLUMN v.a IS 'kept too';
-- to
CREATE TABLE t (a bigint);
CREATE VIEW v AS SELECT a FROM t;
COMMENT ON VIEW v IS 'kept';
COMMENT ON COLUMN v.a IS 'kept too';

-- case: a rule
-- from
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (new.a);

-- case: a rule changes and goes
-- from
CREATE TABLE t (a integer);
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE RULE s AS ON UPDATE TO t DO INSTEAD NOTHING;
-- to
CREATE TABLE t (a integer);
CREATE RULE r AS ON DELETE TO t WHERE old.a > 3 DO INSTEAD NOTHING;
