-- case: smallint becomes integer
-- from
CREATE TABLE t (id integer, a smallint);
-- to
CREATE TABLE t (id integer, a integer);

-- case: integer becomes smallint
-- from
CREATE TABLE t (id integer, a integer);
-- to
CREATE TABLE t (id integer, a smallint);

-- case: bigint becomes numeric
-- from
CREATE TABLE t (id integer, a bigint);
-- to
CREATE TABLE t (id integer, a numeric);

-- case: numeric(8,0) becomes bigint
-- from
CREATE TABLE t (id integer, a numeric(8,0));
-- to
CREATE TABLE t (id integer, a bigint);

-- case: real becomes double precision
-- from
CREATE TABLE t (id integer, a real);
-- to
CREATE TABLE t (id integer, a double precision);

-- case: double precision becomes numeric(12,4)
-- from
CREATE TABLE t (id integer, a double precision);
-- to
CREATE TABLE t (id integer, a numeric(12,4));

-- case: integer becomes real
-- from
CREATE TABLE t (id integer, a integer);
-- to
CREATE TABLE t (id integer, a real);

-- case: character(5) becomes character(8)
-- from
CREATE TABLE t (id integer, a character(5));
-- to
CREATE TABLE t (id integer, a character(8));

-- case: character(5) becomes character varying(5)
-- from
CREATE TABLE t (id integer, a character(5));
-- to
CREATE TABLE t (id integer, a character varying(5));

-- case: text becomes character varying(10)
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a character varying(10));

-- case: character varying becomes "char"
-- from
CREATE TABLE t (id integer, a character varying);
-- to
CREATE TABLE t (id integer, a "char");

-- case: text becomes name
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a name);

-- case: date becomes timestamp without time zone
-- from
CREATE TABLE t (id integer, a date);
-- to
CREATE TABLE t (id integer, a timestamp without time zone);

-- case: timestamp with time zone becomes date
-- from
CREATE TABLE t (id integer, a timestamp with time zone);
-- to
CREATE TABLE t (id integer, a date);

-- case: timestamp(0) without time zone becomes timestamp(6) without time zone
-- from
CREATE TABLE t (id integer, a timestamp(0) without time zone);
-- to
CREATE TABLE t (id integer, a timestamp(6) without time zone);

-- case: time without time zone becomes time with time zone
-- from
CREATE TABLE t (id integer, a time without time zone);
-- to
CREATE TABLE t (id integer, a time with time zone);

-- case: time without time zone becomes interval
-- from
CREATE TABLE t (id integer, a time without time zone);
-- to
CREATE TABLE t (id integer, a interval);

-- case: interval becomes interval year to month
-- from
CREATE TABLE t (id integer, a interval);
-- to
CREATE TABLE t (id integer, a interval year to month);

-- case: interval(3) becomes interval
-- from
CREATE TABLE t (id integer, a interval(3));
-- to
CREATE TABLE t (id integer, a interval);

-- case: text becomes uuid
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a uuid);

-- case: jsonb becomes json
-- from
CREATE TABLE t (id integer, a jsonb);
-- to
CREATE TABLE t (id integer, a json);

-- case: cidr becomes inet
-- from
CREATE TABLE t (id integer, a cidr);
-- to
CREATE TABLE t (id integer, a inet);

-- case: text becomes inet
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a inet);

-- case: macaddr becomes macaddr8
-- from
CREATE TABLE t (id integer, a macaddr);
-- to
CREATE TABLE t (id integer, a macaddr8);

-- case: bit(3) becomes bit varying(5)
-- from
CREATE TABLE t (id integer, a bit(3));
-- to
CREATE TABLE t (id integer, a bit varying(5));

-- case: text becomes tsvector
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a tsvector);

-- case: text becomes bytea
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a bytea);

-- case: text becomes xml
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a xml);

-- case: integer[] becomes bigint[]
-- from
CREATE TABLE t (id integer, a integer[]);
-- to
CREATE TABLE t (id integer, a bigint[]);

-- case: text[] becomes character varying(10)[]
-- from
CREATE TABLE t (id integer, a text[]);
-- to
CREATE TABLE t (id integer, a character varying(10)[]);

-- case: numeric becomes money
-- from
CREATE TABLE t (id integer, a numeric);
-- to
CREATE TABLE t (id integer, a money);

-- case: integer becomes oid
-- from
CREATE TABLE t (id integer, a integer);
-- to
CREATE TABLE t (id integer, a oid);

-- case: text becomes point
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a point);

-- case: text becomes int4range
-- from
CREATE TABLE t (id integer, a text);
-- to
CREATE TABLE t (id integer, a int4range);

-- case: date[] becomes text[]
-- from
CREATE TABLE t (id integer, a date[]);
-- to
CREATE TABLE t (id integer, a text[]);

-- case: boolean becomes text
-- from
CREATE TABLE t (id integer, a boolean);
-- to
CREATE TABLE t (id integer, a text);

-- case: integer becomes text
-- from
CREATE TABLE t (id integer, a integer);
-- to
CREATE TABLE t (id integer, a text);
