-- case: the time
-- from
CREATE TABLE t (id integer, a timestamptz);
-- to
CREATE TABLE t (id integer, a timestamptz DEFAULT now());

-- case: the date
-- from
CREATE TABLE t (id integer, a date DEFAULT '2020-01-01');
-- to
CREATE TABLE t (id integer, a date DEFAULT CURRENT_DATE);

-- case: the user
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a text DEFAULT CURRENT_USER);

-- case: an empty array
-- from
CREATE TABLE t (id integer, a integer[]);
-- to
CREATE TABLE t (id integer, a integer[] DEFAULT '{}');

-- case: an array of words
-- from
CREATE TABLE t (id integer, a text[] DEFAULT ARRAY['a', 'b']);
-- to
CREATE TABLE t (id integer, a text[] DEFAULT ARRAY['a']);

-- case: a document
-- from
CREATE TABLE t (id integer, a jsonb);
-- to
CREATE TABLE t (id integer, a jsonb DEFAULT '{"a": [1]}');

-- case: an interval
-- from
CREATE TABLE t (id integer, a interval DEFAULT '1 day');
-- to
CREATE TABLE t (id integer, a interval DEFAULT '2 hours');

-- case: a negative number
-- from
CREATE TABLE t (id integer, a integer DEFAULT 1);
-- to
CREATE TABLE t (id integer, a integer DEFAULT -1);

-- case: a random uuid
-- from
CREATE TABLE t (id integer, a uuid);
-- to
CREATE TABLE t (id integer, a uuid DEFAULT gen_random_uuid());

-- case: an expression
-- from
CREATE TABLE t (id integer, a integer);
-- to
CREATE TABLE t (id integer, a integer DEFAULT ((random() * 10))::integer);

-- case: a call
-- from
CREATE TABLE t (id integer, a text DEFAULT lower('X'));
-- to
CREATE TABLE t (id integer, a text DEFAULT upper('x'));

-- case: an empty text
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a text DEFAULT '');

-- case: a quote
-- from
CREATE TABLE t (id integer, a text DEFAULT 'it''s');
-- to
CREATE TABLE t (id integer, a text DEFAULT E'a\\b\n');

-- case: a case
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a text DEFAULT CASE WHEN true THEN 'a' ELSE 'b' END);

-- case: a bit string
-- from
CREATE TABLE t (id integer, a bit(3) DEFAULT B'101');
-- to
CREATE TABLE t (id integer, a bit(3) DEFAULT B'111');

-- case: a range
-- from
CREATE TABLE t (id integer, a int4range);
-- to
CREATE TABLE t (id integer, a int4range DEFAULT '[1,5)');

-- case: a time in a zone
-- from
CREATE TABLE t (id integer, a timestamp);
-- to
CREATE TABLE t (id integer, a timestamp DEFAULT (now() AT TIME ZONE 'utc'));

-- case: a cast
-- from
CREATE TABLE t (id integer, a varchar(5) DEFAULT 'a');
-- to
CREATE TABLE t (id integer, a varchar(9) DEFAULT 'abc');

-- case: null, said
-- from
CREATE TABLE t (id integer, a text DEFAULT NULL);
-- to
CREATE TABLE t (id integer, a text DEFAULT 'x');

-- case: the next number of a sequence
-- from
CREATE SEQUENCE s;
CREATE TABLE t (a bigint);
-- to
CREATE SEQUENCE s;
CREATE TABLE t (a bigint DEFAULT nextval('s'));

-- case: the next number of another sequence
-- from
CREATE SEQUENCE s;
CREATE SEQUENCE r;
CREATE TABLE t (a bigint DEFAULT nextval('s'));
-- to
CREATE SEQUENCE s;
CREATE SEQUENCE r;
CREATE TABLE t (a bigint DEFAULT nextval('r'));
