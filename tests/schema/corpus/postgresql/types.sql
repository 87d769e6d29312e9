-- case: an enum is added
-- from
CREATE TABLE t (a integer);
-- to
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a integer, m mood DEFAULT 'ok');

-- case: an enum goes
-- from
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a integer, m mood DEFAULT 'ok');
-- to
CREATE TABLE t (a integer);

-- case: an enum gets values at its ends and inside
-- from
CREATE TYPE mood AS ENUM ('b', 'd');
CREATE TABLE t (m mood);
-- to
CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'it''s');
CREATE TABLE t (m mood);

-- case: an enum gets a value that becomes the default
-- from
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok');
-- to
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (m mood DEFAULT 'happy', CHECK (m <> 'sad'));

-- case: an enum loses a value
-- from
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (m mood DEFAULT 'ok' NOT NULL, n mood[]);
-- to
CREATE TYPE mood AS ENUM ('ok', 'happy');
CREATE TABLE t (m mood DEFAULT 'ok' NOT NULL, n mood[]);

-- case: an enum is put in another order, under everything that uses it
-- from
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a integer, m mood DEFAULT 'ok' CHECK (m <> 'sad'));
CREATE INDEX i ON t (a) WHERE m = 'ok';
CREATE VIEW v AS SELECT a FROM t WHERE m = 'sad';
-- to
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TABLE t (a integer, m mood DEFAULT 'ok' CHECK (m <> 'sad'));
CREATE INDEX i ON t (a) WHERE m = 'ok';
CREATE VIEW v AS SELECT a FROM t WHERE m = 'sad';

-- case: text becomes an enum
-- from
CREATE TABLE t (m text DEFAULT 'ok');
-- to
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok');

-- case: an enum becomes text
-- from
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood DEFAULT 'ok');
-- to
CREATE TABLE t (m text DEFAULT 'ok');

-- case: a domain is added
-- from
CREATE TABLE t (a text);
-- to
CREATE DOMAIN email AS text COLLATE "C" DEFAULT 'x@y' NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%') CHECK (length(VALUE) < 100);
CREATE TABLE t (a text, e email);

-- case: a domain changes in place
-- from
CREATE DOMAIN d AS integer DEFAULT 1 CONSTRAINT c CHECK (VALUE > 0);
CREATE TABLE t (a d);
-- to
CREATE DOMAIN d AS integer NOT NULL CONSTRAINT c CHECK (VALUE > 1) CONSTRAINT e CHECK (VALUE < 9);
CREATE TABLE t (a d);
COMMENT ON DOMAIN d IS 'x';
COMMENT ON CONSTRAINT c ON DOMAIN d IS 'y';

-- case: a domain changes its type
-- from
CREATE DOMAIN d AS integer CHECK (VALUE > 0);
CREATE TABLE t (a d DEFAULT 3);
-- to
CREATE DOMAIN d AS bigint CHECK (VALUE > 0);
CREATE TABLE t (a d DEFAULT 3);

-- case: a domain goes
-- from
CREATE DOMAIN d AS integer CHECK (VALUE > 0);
CREATE TABLE t (a d);
-- to
CREATE TABLE t (a integer);

-- case: a composite type is added
-- from
-- to
CREATE TYPE pair AS (a integer, b text COLLATE "C");
CREATE TABLE t (p pair, q pair[]);

-- case: a composite type changes
-- from
CREATE TYPE pair AS (a integer, b text);
-- to
CREATE TYPE pair AS (a bigint, b text, c date);

-- case: comments on types
-- from
CREATE TYPE e AS ENUM ('a');
CREATE TYPE c AS (a integer);
-- to
CREATE TYPE e AS ENUM ('a');
CREATE TYPE c AS (a integer);
COMMENT ON TYPE e IS 'one';
COMMENT ON TYPE c IS 'two';

-- case: a sequence is added
-- from
-- to
CREATE SEQUENCE s;
CREATE SEQUENCE q AS smallint INCREMENT BY 5 MINVALUE 10 MAXVALUE 100 START WITH 20 CACHE 3 CYCLE;
CREATE TABLE t (a bigint DEFAULT nextval('s'));

-- case: a sequence changes
-- from
CREATE SEQUENCE s;
CREATE SEQUENCE q AS smallint INCREMENT BY 5 MINVALUE 10 MAXVALUE 100 START WITH 20 CACHE 3 CYCLE;
-- to
CREATE SEQUENCE s AS integer INCREMENT BY -1;
CREATE SEQUENCE q;
COMMENT ON SEQUENCE q IS 'x';

-- case: a sequence gets an owner
-- from
CREATE SEQUENCE s;
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
CREATE SEQUENCE s OWNED BY t.a;

-- case: a sequence goes
-- from
CREATE SEQUENCE s;
CREATE TABLE t (a bigint DEFAULT nextval('s'));
-- to
CREATE TABLE t (a bigint);
