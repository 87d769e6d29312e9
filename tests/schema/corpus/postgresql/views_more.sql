-- case: a view with a join
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT t.a, u.m FROM t JOIN u USING (a);

-- case: a view with an outer join and a subquery
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT t.a, x.m FROM t LEFT JOIN (SELECT a, max(m) AS m FROM u GROUP BY a) x ON x.a = t.a;

-- case: a view with a common table expression
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS WITH x AS (SELECT a FROM t WHERE b = 'y') SELECT x.a FROM x;

-- case: a view with a union
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t UNION ALL SELECT a FROM u ORDER BY 1 LIMIT 5;

-- case: a view with a window
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a, row_number() OVER (PARTITION BY b ORDER BY n DESC) AS r FROM t;

-- case: a view with distinct on
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT DISTINCT ON (b) a, b FROM t ORDER BY b, a DESC;

-- case: a view with grouping sets
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT b, sum(n) AS s FROM t GROUP BY GROUPING SETS ((b), ());

-- case: a view with a lateral join
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT t.a, x.m FROM t, LATERAL (SELECT u.m FROM u WHERE u.a = t.a LIMIT 1) x;

-- case: a view with exists and any
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) OR a = ANY (SELECT a FROM u);

-- case: a view with filter and having
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT b, count(*) FILTER (WHERE n > 1) AS k FROM t GROUP BY b HAVING count(*) > 2;

-- case: a view with a case and casts
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT CASE WHEN n > 1 THEN 'big'::text ELSE b END AS k, n::integer AS i FROM t;

-- case: a view with set returning
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a, g.x FROM t, generate_series(1, 3) AS g(x);

-- case: a view with values
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT v.i FROM (VALUES (1), (2)) AS v(i);

-- case: a view with intersect and except
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS (SELECT a FROM t INTERSECT SELECT a FROM u) EXCEPT SELECT 1;

-- case: a view with names of its own
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v (x, y) AS SELECT a, b FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v (x, z) AS SELECT a, b FROM t;

-- case: a view that checks
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t WHERE a > 0;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH CASCADED CHECK OPTION;

-- case: three views on each other over a column that changes its type
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW x AS SELECT a, n FROM t;
CREATE VIEW y AS SELECT a, n + 1 AS m FROM x;
CREATE VIEW z AS SELECT * FROM y WHERE m > 2;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n bigint);
CREATE TABLE u (a integer, m text);
CREATE VIEW x AS SELECT a, n FROM t;
CREATE VIEW y AS SELECT a, n + 1 AS m FROM x;
CREATE VIEW z AS SELECT * FROM y WHERE m > 2;

-- case: a materialized view on a view, with an index
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW x AS SELECT a, b FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW x AS SELECT a, b FROM t;
CREATE MATERIALIZED VIEW y AS SELECT b, count(*) AS k FROM x GROUP BY b;
CREATE UNIQUE INDEX y_b ON y (b);
CREATE VIEW z AS SELECT * FROM y;

-- case: the view under a materialized view changes
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW x AS SELECT a, b FROM t;
CREATE MATERIALIZED VIEW y AS SELECT b FROM x;
CREATE INDEX y_b ON y (b);
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW x AS SELECT b, a FROM t WHERE a > 1;
CREATE MATERIALIZED VIEW y AS SELECT b FROM x;
CREATE INDEX y_b ON y (b);

-- case: a view of all columns of a table that grows
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT * FROM t;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric, o text);
CREATE TABLE u (a integer, m text);
CREATE VIEW v AS SELECT * FROM t;

-- case: a view with a trigger and a rule is made again
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE VIEW v AS SELECT a, b FROM t;
CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
CREATE RULE r AS ON DELETE TO v DO INSTEAD NOTHING;
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text, n numeric);
CREATE TABLE u (a integer, m text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE VIEW v AS SELECT b, a FROM t;
CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
CREATE RULE r AS ON DELETE TO v DO INSTEAD NOTHING;
