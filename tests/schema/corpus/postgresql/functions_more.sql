-- case: a function: returns a table
-- from
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
-- to
CREATE FUNCTION f() RETURNS TABLE (a integer, b text) LANGUAGE sql AS 'SELECT 1, ''x''';

-- case: a function: returns a set
-- from
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
-- to
CREATE FUNCTION f(n integer) RETURNS SETOF integer LANGUAGE sql AS 'SELECT generate_series(1, n)';

-- case: a function: out parameters
-- from
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
-- to
CREATE FUNCTION f(n integer, OUT a integer, OUT b text) LANGUAGE sql AS 'SELECT n, ''x''';

-- case: a function: variadic
-- from

-- to
CREATE FUNCTION f(VARIADIC n integer[]) RETURNS integer LANGUAGE sql AS 'SELECT n[1]';

-- case: a function: a default of an argument
-- from
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
-- to
CREATE FUNCTION f(n integer DEFAULT 3) RETURNS integer LANGUAGE sql AS 'SELECT n';

-- case: a function: all its options
-- from
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
-- to
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE LEAKPROOF COST 7 SET work_mem = '8MB' AS 'SELECT n';

-- case: a function: a body of the standard's
-- from

-- to
CREATE TABLE t (a integer);
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (n); SELECT n + 1; END;

-- case: a function: a procedure
-- from
CREATE PROCEDURE p(n integer) LANGUAGE sql AS 'SELECT 1';
-- to
CREATE PROCEDURE p(n integer, INOUT m integer DEFAULT 2) LANGUAGE plpgsql AS 'BEGIN m := n; END';

-- case: a function: a function becomes a procedure
-- from
CREATE FUNCTION f(n integer) RETURNS void LANGUAGE sql AS 'SELECT 1';
-- to
CREATE PROCEDURE f(n integer) LANGUAGE sql AS 'SELECT 1';

-- case: a function: a body with dollars and quotes
-- from
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'a'; END $$;
-- to
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $x$ BEGIN /* ; */ RETURN $$it's; -- no$$; END $x$;

-- case: a function: an argument of an enum
-- from
CREATE TYPE m AS ENUM ('a');
-- to
CREATE TYPE m AS ENUM ('a');
CREATE FUNCTION f(x m) RETURNS m IMMUTABLE LANGUAGE sql AS 'SELECT x';

-- case: a function: an argument of a table's row
-- from
CREATE TABLE t (a integer);
-- to
CREATE TABLE t (a integer);
CREATE FUNCTION f(x t) RETURNS integer LANGUAGE sql AS 'SELECT x.a';

-- case: a function: a comment on it
-- from
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
-- to
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
COMMENT ON FUNCTION f(integer) IS 'what it does';

-- case: a trigger of columns
-- from
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE UPDATE OF a, b ON t FOR EACH ROW EXECUTE FUNCTION f();

-- case: a trigger with a condition
-- from
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW WHEN (OLD.a IS DISTINCT FROM NEW.a) EXECUTE FUNCTION f();

-- case: a trigger for each statement
-- from
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT OR DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION f();

-- case: a trigger with transition tables
-- from
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f();

-- case: a trigger as a constraint
-- from
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();

-- case: a trigger with arguments
-- from
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f('a', 'it''s');

-- case: a trigger for truncate
-- from
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- to
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE TRUNCATE ON t EXECUTE FUNCTION f();

-- case: a table goes with the function that its default and check use
-- from
CREATE FUNCTION f(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n';
CREATE TABLE t (a integer DEFAULT f(1) CHECK (f(a) > 0), b integer GENERATED ALWAYS AS (f(a)) STORED);
-- to
CREATE TABLE u (a integer);
