-- case: a check is added
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer CHECK (a > 0));

-- case: a check changes
-- from
CREATE TABLE t (a integer CONSTRAINT positive CHECK (a > 0));
-- to
CREATE TABLE t (a integer CONSTRAINT positive CHECK (a >= 0));

-- case: a check goes
-- from
CREATE TABLE t (a integer CHECK (a > 0));
-- to
CREATE TABLE t (a integer);

-- case: a check of a list on varchar
-- from
CREATE TABLE t (s varchar(10));
-- to
CREATE TABLE t (s varchar(10) CHECK (s IN ('a', 'b')), CHECK (s IS NOT DISTINCT FROM 'a' OR s BETWEEN 'a' AND 'c'));

-- case: a check of a list on varchar gets longer
-- from
CREATE TABLE t (s varchar(10), CONSTRAINT known CHECK (s IN ('a', 'b')));
-- to
CREATE TABLE t (s varchar(10), CONSTRAINT known CHECK (s IN ('a', 'b', 'c')));

-- case: a check with NO INHERIT
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0) NO INHERIT);

-- case: a check that is not valid is validated
-- from
CREATE TABLE t (a integer);
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
-- to
CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0));

-- case: a check that stays not valid
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;

-- case: two checks without names
-- from
CREATE TABLE t (a integer, CHECK (a > 0));
-- to
CREATE TABLE t (a integer, CHECK (a > 0), CHECK (a < 100));

-- case: a primary key is added
-- from
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer PRIMARY KEY, b text);

-- case: a primary key goes
-- from
CREATE TABLE t (a integer PRIMARY KEY, b text);
-- to
CREATE TABLE t (a integer, b text);

-- case: a primary key moves to another column
-- from
CREATE TABLE t (a integer PRIMARY KEY, b integer NOT NULL);
-- to
CREATE TABLE t (a integer NOT NULL, b integer PRIMARY KEY);

-- case: a primary key gets a second column under a foreign key
-- from
CREATE TABLE p (a integer PRIMARY KEY, b integer NOT NULL);
CREATE TABLE c (a integer REFERENCES p (a));
-- to
CREATE TABLE p (a integer UNIQUE NOT NULL, b integer NOT NULL, PRIMARY KEY (a, b));
CREATE TABLE c (a integer REFERENCES p (a));

-- case: a unique constraint is added
-- from
CREATE TABLE t (a integer, b text);
-- to
CREATE TABLE t (a integer UNIQUE, b text, UNIQUE (a, b));

-- case: a unique constraint with all its options
-- from
CREATE TABLE t (a integer, b text, c text);
-- to
CREATE TABLE t (a integer, b text, c text, CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE INITIALLY DEFERRED);

-- case: a unique constraint goes
-- from
CREATE TABLE t (a integer UNIQUE);
-- to
CREATE TABLE t (a integer);

-- case: a unique constraint becomes deferrable
-- from
CREATE TABLE t (a integer, CONSTRAINT u UNIQUE (a));
-- to
CREATE TABLE t (a integer, CONSTRAINT u UNIQUE (a) DEFERRABLE);

-- case: a unique constraint changes its columns
-- from
CREATE TABLE t (a integer, b integer, CONSTRAINT u UNIQUE (a));
-- to
CREATE TABLE t (a integer, b integer, CONSTRAINT u UNIQUE (a, b));

-- case: a unique constraint becomes a unique index
-- from
CREATE TABLE t (a integer, CONSTRAINT u UNIQUE (a));
-- to
CREATE TABLE t (a integer);
CREATE UNIQUE INDEX u ON t (a);

-- case: a foreign key is added
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p);

-- case: a foreign key to a new table
-- from
CREATE TABLE c (a integer);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p);

-- case: a foreign key to a new key of an old table
-- from
CREATE TABLE p (a integer, b integer);
CREATE TABLE c (a integer);
-- to
CREATE TABLE p (a integer, b integer UNIQUE);
CREATE TABLE c (a integer REFERENCES p (b));

-- case: a foreign key with all its options
-- from
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer);
-- to
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);

-- case: a foreign key sets one column to null
-- from
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer);
-- to
CREATE TABLE p (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE c (a integer, b integer, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL (b));

-- case: a foreign key changes what happens on delete
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p ON DELETE CASCADE);

-- case: a foreign key goes
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer);

-- case: a foreign key to itself
-- from
CREATE TABLE t (a integer PRIMARY KEY);
-- to
CREATE TABLE t (a integer PRIMARY KEY, parent integer REFERENCES t ON DELETE CASCADE);

-- case: two tables that refer to each other
-- from
CREATE TABLE other (a integer);
-- to
CREATE TABLE a (id integer PRIMARY KEY, b integer);
CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
CREATE TABLE other (a integer);

-- case: two tables that refer to each other go
-- from
CREATE TABLE a (id integer PRIMARY KEY, b integer);
CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
-- to
CREATE TABLE c (id integer);

-- case: the type of both sides of a foreign key changes
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE c (a integer REFERENCES p);
-- to
CREATE TABLE p (a bigint PRIMARY KEY);
CREATE TABLE c (a bigint REFERENCES p);

-- case: an exclusion constraint is added
-- from
CREATE TABLE t (r int4range, s int4range);
-- to
CREATE TABLE t (r int4range, s int4range, EXCLUDE USING gist (r WITH &&), CONSTRAINT e EXCLUDE USING gist (s WITH -|-) WHERE (NOT isempty(s)) DEFERRABLE);

-- case: an exclusion constraint changes and goes
-- from
CREATE TABLE t (r int4range, s int4range, CONSTRAINT e EXCLUDE USING gist (r WITH &&), CONSTRAINT f EXCLUDE USING gist (s WITH &&));
-- to
CREATE TABLE t (r int4range, s int4range, CONSTRAINT e EXCLUDE USING gist (r WITH =));

-- case: a constraint with a comment
-- from
CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0));
-- to
CREATE TABLE t (a integer, CONSTRAINT c CHECK (a > 0), CONSTRAINT d UNIQUE (a));
COMMENT ON CONSTRAINT c ON t IS 'why';
COMMENT ON CONSTRAINT d ON t IS 'because';

-- case: a check that uses a function
-- from
CREATE TABLE t (a integer);
-- to
CREATE FUNCTION even(n integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT n % 2 = 0';
CREATE TABLE t (a integer CHECK (even(a)));
CREATE TABLE u (a integer CHECK (even(a)));

-- case: not null, unique and references on a new column
-- from
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer);
-- to
CREATE TABLE p (a integer PRIMARY KEY);
CREATE TABLE t (a integer, b integer NOT NULL UNIQUE REFERENCES p);
