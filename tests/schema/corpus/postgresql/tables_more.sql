-- case: a list partition and a default one
-- from
CREATE TABLE t (a text) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('x', 'y');
-- to
CREATE TABLE t (a text) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('x', 'y');
CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('z');
CREATE TABLE t3 PARTITION OF t DEFAULT;

-- case: a partition by an expression
-- from

-- to
CREATE TABLE t (a timestamptz, b integer) PARTITION BY RANGE ((date_part('year', (a AT TIME ZONE 'utc'))), b);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (2020, MINVALUE) TO (2021, MAXVALUE);

-- case: parameters of a table and of its toast
-- from
CREATE TABLE t (a text);
-- to
CREATE TABLE t (a text) WITH (fillfactor = 80, autovacuum_enabled = false);

-- case: a parameter goes
-- from
CREATE TABLE t (a text) WITH (fillfactor = 80, autovacuum_vacuum_threshold = 5);
-- to
CREATE TABLE t (a text) WITH (fillfactor = 90);

-- case: names that need quotes
-- from
CREATE TABLE "Select" ("From" integer, "a b" text, "x""y" integer);
-- to
CREATE TABLE "Select" ("From" bigint NOT NULL, "a b" text DEFAULT 'q', "x""y" integer UNIQUE, "ünï" text, "$1" integer);
CREATE INDEX "I;--" ON "Select" ("a b");
CREATE VIEW "V'v" AS SELECT "From", "x""y" FROM "Select";

-- case: a name of 63 bytes
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt (a integer, ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc integer UNIQUE CHECK (ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc > 0));

-- case: words of the language as names
-- from
CREATE TABLE "user" ("order" integer, "table" text);
-- to
CREATE TABLE "user" ("order" integer PRIMARY KEY, "table" text, "check" boolean, "end" date);
CREATE VIEW "group" AS SELECT "end" FROM "user";

-- case: a table inherits from two
-- from
CREATE TABLE a (i integer);
CREATE TABLE b (j integer);
-- to
CREATE TABLE a (i integer);
CREATE TABLE b (j integer);
CREATE TABLE c (k integer) INHERITS (a, b);

-- case: a policy for select
-- from
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (true);
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t FOR SELECT USING (a > 0);

-- case: a policy for insert
-- from
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (true);
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t FOR INSERT WITH CHECK (a > 0);

-- case: a policy restrictive
-- from
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (true);
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t AS RESTRICTIVE FOR UPDATE USING (a > 0) WITH CHECK (a < 9);

-- case: a policy for delete to public
-- from
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (true);
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t FOR DELETE TO PUBLIC USING (a IN (1, 2));

-- case: a comment with quotes and lines
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
COMMENT ON TABLE t IS E'it''s\n"two" lines \\ and $$';
COMMENT ON COLUMN t.a IS '-- no comment';

-- case: everything of a small shop
-- from
CREATE TABLE product (id serial PRIMARY KEY, name text);
-- to
CREATE TYPE state AS ENUM ('new', 'paid', 'sent');
CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text NOT NULL, CONSTRAINT mail_once UNIQUE (mail));
CREATE TABLE product (id serial PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL DEFAULT 0 CHECK (price >= 0));
CREATE TABLE purchase (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint NOT NULL REFERENCES customer ON DELETE CASCADE, state state NOT NULL DEFAULT 'new', at timestamptz NOT NULL DEFAULT now());
CREATE TABLE line (purchase bigint REFERENCES purchase, product integer REFERENCES product, n integer NOT NULL DEFAULT 1, PRIMARY KEY (purchase, product));
CREATE INDEX purchase_open ON purchase (at) WHERE state IN ('new', 'paid');
CREATE VIEW total AS SELECT p.id, sum(l.n * r.price) AS sum FROM purchase p JOIN line l ON l.purchase = p.id JOIN product r ON r.id = l.product GROUP BY p.id;
