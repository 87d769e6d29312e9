-- case: objects of two schemas that need each other
-- from
CREATE SCHEMA app;
CREATE TABLE app.a (i integer PRIMARY KEY);
-- to
CREATE SCHEMA app;
CREATE SCHEMA "Other One";
CREATE TYPE "Other One".m AS ENUM ('x');
CREATE TABLE app.a (i integer PRIMARY KEY, m "Other One".m);
CREATE TABLE "Other One".b (i integer REFERENCES app.a);
CREATE VIEW app.v AS SELECT b.i, a.m FROM app.a JOIN "Other One".b USING (i);
CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS 'SELECT i FROM app.a';

-- case: tables of one name in two schemas
-- from
CREATE SCHEMA app;
CREATE TABLE app.t (a integer);
CREATE TABLE t (a integer);
-- to
CREATE SCHEMA app;
CREATE TABLE app.t (a integer, b text UNIQUE);
CREATE TABLE t (a bigint);
CREATE INDEX t_a ON t (a);
CREATE INDEX t_a ON app.t (a);

-- case: a comment on a schema
-- from
CREATE SCHEMA app;
-- to
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'the application';
