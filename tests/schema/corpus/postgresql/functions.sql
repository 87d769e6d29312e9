-- case: functions are added
-- from
-- to
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION two(a integer, b text DEFAULT 'x', OUT c integer) LANGUAGE plpgsql STRICT STABLE SECURITY DEFINER SET search_path = '' AS $body$
BEGIN
    -- a comment
    c := a;
END
$body$;
CREATE PROCEDURE three(INOUT a integer) LANGUAGE plpgsql AS 'BEGIN a := 1; END';
CREATE FUNCTION four(VARIADIC a integer[]) RETURNS SETOF integer LANGUAGE sql RETURN 1;

-- case: a function changes its body
-- from
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- to
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';

-- case: a function changes what it returns, under a view and a default
-- from
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v AS SELECT f() AS a;
-- to
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE VIEW v AS SELECT f() AS a;

-- case: a function changes its arguments
-- from
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
-- to
CREATE FUNCTION f(b integer, c integer DEFAULT 0) RETURNS integer LANGUAGE sql AS 'SELECT b + c';

-- case: overloaded functions
-- from
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql AS 'SELECT a';
-- to
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + 1';
CREATE FUNCTION f(a text, b text) RETURNS text LANGUAGE sql AS 'SELECT a';

-- case: a function goes
-- from
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
-- to

-- case: a function's options change
-- from
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- to
CREATE FUNCTION f() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5 AS 'SELECT 1';
COMMENT ON FUNCTION f() IS 'x';

-- case: a function that reads a table that is made with it
-- from
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t';

-- case: a default uses a function
-- from
CREATE TABLE t (a integer);
-- to
CREATE FUNCTION next_a() RETURNS integer LANGUAGE sql AS 'SELECT 7';
CREATE TABLE t (a integer DEFAULT next_a());
CREATE TABLE u (a integer DEFAULT next_a());

-- case: a trigger is added
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g BEFORE INSERT OR UPDATE OF a ON t FOR EACH ROW WHEN (new.a > 3) EXECUTE FUNCTION tg();
CREATE TRIGGER h AFTER DELETE ON t REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tg('x', 'it''s');
CREATE CONSTRAINT TRIGGER k AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tg();

-- case: a trigger changes and one goes
-- from
CREATE TABLE t (a integer);
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tg();
CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tg();
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tg();
COMMENT ON TRIGGER g ON t IS 'x';

-- case: a trigger is disabled
-- from
CREATE TABLE t (a integer);
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tg();
CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tg();
ALTER TABLE t ENABLE ALWAYS TRIGGER h;
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tg();
CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tg();
ALTER TABLE t DISABLE TRIGGER g;

-- case: the column that a trigger looks at changes its type
-- from
CREATE TABLE t (a integer);
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a <> new.a) EXECUTE FUNCTION tg();
-- to
CREATE TABLE t (a bigint);
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a <> new.a) EXECUTE FUNCTION tg();

-- case: a trigger on a view
-- from
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT a FROM t;
-- to
CREATE TABLE t (a integer, b integer);
CREATE VIEW v AS SELECT b, a FROM t;
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION tg();
