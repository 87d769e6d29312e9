-- case: a check with between
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK (a BETWEEN 1 AND 9));

-- case: a check with not in
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK (a NOT IN (1, 2)));

-- case: a check with a function
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK (abs(a) < 10));

-- case: a check with two columns
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK (a < b));

-- case: a check with distinct
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK (a IS DISTINCT FROM b));

-- case: a check with and or not
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK ((a > 1 AND b > 1) OR NOT (a = b)));

-- case: a check with coalesce
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK (coalesce(a, b) IS NOT NULL));

-- case: a check with a case
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK (CASE WHEN a > 0 THEN b > 0 ELSE true END));

-- case: a check with arithmetic
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK ((a + b) * 2 % 7 <> 0));

-- case: a check with a row
-- from
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT c CHECK ((a, b) <> (1, 2)));

-- case: a check with like
-- from
CREATE TABLE t (a text CONSTRAINT c CHECK (a <> ''));
-- to
CREATE TABLE t (a text CONSTRAINT c CHECK (a LIKE 'x%'));

-- case: a check with a regular expression
-- from
CREATE TABLE t (a text CONSTRAINT c CHECK (a <> ''));
-- to
CREATE TABLE t (a text CONSTRAINT c CHECK (a ~ '^[a-z]+$'));

-- case: a check with a length
-- from
CREATE TABLE t (a text CONSTRAINT c CHECK (a <> ''));
-- to
CREATE TABLE t (a text CONSTRAINT c CHECK (char_length(a) <= 10));

-- case: a check with ilike and escape
-- from
CREATE TABLE t (a text CONSTRAINT c CHECK (a <> ''));
-- to
CREATE TABLE t (a text CONSTRAINT c CHECK (a ILIKE 'x!%' ESCAPE '!'));

-- case: a check with similar
-- from
CREATE TABLE t (a text CONSTRAINT c CHECK (a <> ''));
-- to
CREATE TABLE t (a text CONSTRAINT c CHECK (a SIMILAR TO '(a|b)%'));

-- case: a check with any of an array
-- from
CREATE TABLE t (a text CONSTRAINT c CHECK (a <> ''));
-- to
CREATE TABLE t (a text CONSTRAINT c CHECK (a = ANY (ARRAY['x', 'y'])));

-- case: a check with position and trim
-- from
CREATE TABLE t (a text CONSTRAINT c CHECK (a <> ''));
-- to
CREATE TABLE t (a text CONSTRAINT c CHECK (trim(both from a) <> '' AND position('@' in a) > 1));

-- case: a check of a document
-- from
CREATE TABLE t (a jsonb);
-- to
CREATE TABLE t (a jsonb CHECK (a ? 'x' AND jsonb_typeof(a -> 'x') = 'number'));

-- case: an exclusion over ranges
-- from
CREATE TABLE t (r int4range);
-- to
CREATE TABLE t (r int4range, EXCLUDE USING gist (r WITH &&));

-- case: an exclusion with a condition, deferrable
-- from
CREATE TABLE t (r int4range, CONSTRAINT x EXCLUDE USING gist (r WITH &&));
-- to
CREATE TABLE t (r int4range, a integer, CONSTRAINT x EXCLUDE USING gist (r WITH &&) WHERE (a > 0) DEFERRABLE);

-- case: an exclusion over an expression
-- from
CREATE TABLE t (a integer, b integer, CONSTRAINT x EXCLUDE USING gist (int4range(a, b) WITH &&));
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT x EXCLUDE USING gist (int4range(a, b, '[]') WITH &&));

-- case: a foreign key of two columns
-- from
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer);
-- to
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p);

-- case: a foreign key that matches fully
-- from
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p);
-- to
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE t (a integer, b integer, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p MATCH FULL);

-- case: a foreign key gets on update cascade
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p ON UPDATE CASCADE);

-- case: a foreign key gets on update set null
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p ON UPDATE SET NULL);

-- case: a foreign key gets on update restrict on delete restrict
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p ON UPDATE RESTRICT ON DELETE RESTRICT);

-- case: a foreign key gets on delete set default
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT);

-- case: a foreign key gets deferrable
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p DEFERRABLE);

-- case: a foreign key gets deferrable initially deferred
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer DEFAULT 1 REFERENCES p DEFERRABLE INITIALLY DEFERRED);

-- case: a foreign key refers to a unique constraint instead
-- from
CREATE TABLE p (a integer PRIMARY KEY, b integer UNIQUE);
CREATE TABLE t (a integer REFERENCES p (a));
-- to
CREATE TABLE p (a integer PRIMARY KEY, b integer UNIQUE);
CREATE TABLE t (a integer REFERENCES p (b));

-- case: a primary key carries a column along
-- from
CREATE TABLE t (a integer, b integer, PRIMARY KEY (a));
-- to
CREATE TABLE t (a integer, b integer, PRIMARY KEY (a) INCLUDE (b));

-- case: a primary key with storage parameters
-- from
CREATE TABLE t (a integer PRIMARY KEY);
-- to
CREATE TABLE t (a integer PRIMARY KEY WITH (fillfactor = 70));

-- case: a constraint gets another name
-- from
CREATE TABLE t (a integer CONSTRAINT x UNIQUE CONSTRAINT y CHECK (a > 0));
-- to
CREATE TABLE t (a integer CONSTRAINT z UNIQUE CONSTRAINT w CHECK (a > 0));

-- case: a chain of tables, the middle one goes
-- from
CREATE TABLE a (i integer PRIMARY KEY);
CREATE TABLE b (i integer PRIMARY KEY REFERENCES a);
CREATE TABLE c (i integer REFERENCES b);
-- to
CREATE TABLE a (i integer PRIMARY KEY);
CREATE TABLE c (i integer REFERENCES a);

-- case: three tables in a circle
-- from
CREATE TABLE a (i integer);
-- to
CREATE TABLE a (i integer PRIMARY KEY, j integer);
CREATE TABLE b (i integer PRIMARY KEY, j integer REFERENCES a);
CREATE TABLE c (i integer PRIMARY KEY, j integer REFERENCES b);
ALTER TABLE a ADD FOREIGN KEY (j) REFERENCES c;
