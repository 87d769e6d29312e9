-- case: an index with hash
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING hash (a);

-- case: an index with brin with pages
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING brin (g) WITH (pages_per_range = 32);

-- case: an index with gin over a document
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING gin (c);

-- case: an index with gin with jsonb_path_ops
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING gin (c jsonb_path_ops);

-- case: an index with gin over words
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING gin (d) WITH (fastupdate = off);

-- case: an index with gist over a range
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING gist (e);

-- case: an index with spgist over points
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING spgist (f);

-- case: an index with gist over addresses
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING gist (h inet_ops);

-- case: an index with gin over an array
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING gin (k);

-- case: an index with text_pattern_ops
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (b text_pattern_ops);

-- case: an index with a collation
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (b COLLATE "C" DESC);

-- case: an index with nulls first and last
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a DESC NULLS LAST, b NULLS FIRST);

-- case: an index with a path in a document
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t ((c ->> 'x'));

-- case: an index with two expressions
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (lower(b), (a + 1) DESC);

-- case: an index with a condition on null
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a) WHERE b IS NULL AND a IS NOT NULL;

-- case: an index with a condition on a list
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE UNIQUE INDEX i ON t (a) WHERE b IN ('x', 'y', 'z');

-- case: an index with full text
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t USING gin (to_tsvector('english', b));

-- case: an index with a date of a time
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (((g AT TIME ZONE 'utc')::date));

-- case: an index with three columns along
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a) INCLUDE (b, g, h);

-- case: an index with fillfactor
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a) WITH (fillfactor = 50, deduplicate_items = off);

-- case: an index with a substring
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (substr(b, 1, 3) text_pattern_ops);

-- case: an index gets another name
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a, b);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX j ON t (a, b);

-- case: two indexes exchange their names
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t (b);
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX j ON t (a);
CREATE INDEX i ON t (b);

-- case: statistics of an index's column
-- from
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE INDEX i ON t (lower(b));
-- to
CREATE TABLE t (a integer, b text, c jsonb, d tsvector, e int4range, f point, g timestamptz, h inet, k text[]);
CREATE UNIQUE INDEX i ON t (lower(b));
COMMENT ON INDEX i IS 'it''s';

-- case: an index on a partitioned table
-- from
CREATE TABLE t (a integer, b integer) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
-- to
CREATE TABLE t (a integer, b integer) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE INDEX i ON t (b);
