/*
 * test_read.c - what is read from the catalogs of both engines is what was created, and nothing of
 * the session or the database is changed by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "driver/driver.h"
#include "schema/read.h"
#include "support/postgres.h"

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static void run(hg_conn *conn, const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static hg_conn *open_postgres(void)
{
    char *database = postgres_database();
    hg_url *url = postgres_url(database);
    const struct driver_options options = {.application_name = "headgate/test"};
    hg_conn *conn = NULL;

    assert_true(driver_postgres.open(url, &options, soon(), &conn, NULL));
    hg_url_free(url);
    free(database);
    return conn;
}

static hg_conn *open_sqlite(void)
{
    const struct driver_options options = {.may_create = true};
    hg_url *url = NULL;
    hg_conn *conn = NULL;

    assert_true(hg_url_parse("sqlite://", &url, NULL));
    assert_true(driver_sqlite.open(url, &options, soon(), &conn, NULL));
    hg_url_free(url);
    return conn;
}

static struct model *read_from(hg_conn *conn)
{
    struct model *model = NULL;
    hg_error err = {0};

    if (!schema_read(conn, NULL, soon(), &model, &err))
        fail_msg("read: %s", err.message);
    return model;
}

/* One line an object: what a test compares. */
static char *told(const struct model *model)
{
    struct buf out = BUF_INIT(1 << 20);

    for (size_t i = 0; i < model->count; i++) {
        const struct object *o = &model->objects[i];

        buf_printf(&out, "%s %s%s%s%s%s", object_kind_name(o->kind), o->schema,
                   o->schema[0] == '\0' ? "" : ".", o->table, o->table[0] == '\0' ? "" : ".",
                   o->name);
        for (int k = 0; k < FACTS_COMPARED; k++)
            if (o->facts[k] != NULL)
                buf_printf(&out, " | %s: %s", fact_name((enum fact)k), o->facts[k]);
        buf_char(&out, '\n');
    }
    return buf_take(&out);
}

static void assert_told(hg_conn *conn, const char *expected)
{
    struct model *model = read_from(conn);
    char *text = told(model);

    assert_string_equal(text, expected);
    alloc_free(text);
    model_free(model);
}

// clang-format off
static const char *const postgres_schema[] = {
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x'"
    " CHECK (length(name) > 1), m mood, n serial, UNIQUE (name))",
    "CREATE TABLE q (a int REFERENCES p ON DELETE CASCADE, b text COLLATE \"C\", c numeric(10,2),"
    " d int GENERATED ALWAYS AS (a + 1) STORED)",
    "CREATE INDEX i ON q (lower(b), a DESC) INCLUDE (c) WHERE a > 3",
    "CREATE VIEW v AS SELECT a, count(*) FROM q GROUP BY a",
    "CREATE FUNCTION f(int, text DEFAULT 'a') RETURNS int LANGUAGE sql AS 'select 1'",
    "CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
    "CREATE TRIGGER g BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION tg()",
    "CREATE SCHEMA other",
    "CREATE TABLE other.t (a mood[] DEFAULT '{sad}', p p)",
    "COMMENT ON COLUMN q.a IS 'it''s'",
    "CREATE POLICY pol ON q FOR SELECT TO public USING (a > 1)",
    "ALTER TABLE q ENABLE ROW LEVEL SECURITY",
    "CREATE TABLE pt (a int, b int) PARTITION BY RANGE (a)",
    "CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (1) TO (10)",
};

static const char *const sqlite_schema[] = {
    "CREATE TABLE p (id integer primary key autoincrement, \"Na me\" text NOT NULL DEFAULT 'x'"
    " CHECK (length(\"Na me\") > 1), n real DEFAULT -1.5e-3, UNIQUE (n)) STRICT",
    "CREATE TABLE q (a INT REFERENCES p(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, b text COLLATE nocase,"
    " d int GENERATED ALWAYS AS (a + 1) STORED, CONSTRAINT k PRIMARY KEY (a, b DESC)) WITHOUT ROWID",
    "CREATE UNIQUE INDEX i ON q (b, a DESC) WHERE a > 3",
    "CREATE VIEW v AS SELECT a, count(*) /* x */ FROM Q GROUP BY a",
    "CREATE TRIGGER g AFTER INSERT ON q BEGIN SELECT 1; END",
};

static const char postgres_told[] =
        "schema other\n"
        "type mood | kind: enum | definition: 'sad', 'ok'\n"
        "sequence p_n_seq | type: integer | owned by: p.n\n"
        "function f(integer, text) | kind: function | type: integer | columns: integer, text DEFAULT 'a'::text | definition: CREATE OR REPLACE FUNCTION f(integer, text DEFAULT 'a'::text)\n"
        " RETURNS integer\n"
        " LANGUAGE sql\n"
        "AS $function$select 1$function$\n"
        "\n"
        "function tg() | kind: function | type: trigger | definition: CREATE OR REPLACE FUNCTION tg()\n"
        " RETURNS trigger\n"
        " LANGUAGE plpgsql\n"
        "AS $function$begin return new; end$function$\n"
        "\n"
        "table p | kind: table\n"
        "table pt | kind: partitioned table | partition key: RANGE (a)\n"
        "table pt1 | kind: table | parents: pt | partition bound: FOR VALUES FROM (1) TO (10)\n"
        "table q | kind: table | row security: enabled\n"
        "table other.t | kind: table\n"
        "column p.id | type: integer | not null: yes | identity: always\n"
        "column p.m | type: mood\n"
        "column p.n | type: integer | not null: yes | default: nextval('p_n_seq'::regclass)\n"
        "column p.name | type: character varying(20) | not null: yes | default: 'x'::character varying\n"
        "column pt.a | type: integer\n"
        "column pt.b | type: integer\n"
        "column q.a | type: integer | comment: it's\n"
        "column q.b | type: text | collation: \"C\"\n"
        "column q.c | type: numeric(10,2)\n"
        "column q.d | type: integer | generated: (a + 1) | stored: stored\n"
        "column other.t.a | type: mood[] | default: '{sad}'::mood[]\n"
        "column other.t.p | type: p\n"
        "constraint p.p_name_check | kind: check | definition: CHECK ((length((name)::text) > 1))\n"
        "constraint p.p_name_key | kind: unique | definition: UNIQUE (name)\n"
        "constraint p.p_pkey | kind: primary key | definition: PRIMARY KEY (id)\n"
        "constraint q.q_a_fkey | kind: foreign key | references: p | definition: FOREIGN KEY (a) REFERENCES p(id) ON DELETE CASCADE\n"
        "index q.i | kind: index | definition: USING btree (lower(b), a DESC) INCLUDE (c) WHERE (a > 3)\n"
        "view v | kind: view | columns: a integer, count bigint | definition:  SELECT q.a,\n"
        "    count(*) AS count\n"
        "   FROM q\n"
        "  GROUP BY q.a\n"
        "trigger q.g | definition: CREATE TRIGGER g BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION tg()\n"
        "policy q.pol | definition: AS PERMISSIVE FOR SELECT TO PUBLIC USING ((a > 1))\n";

static const char sqlite_told[] =
        "table p | kind: table | options: STRICT\n"
        "table q | kind: table | options: WITHOUT ROWID\n"
        "column p.Na me | type: text | not null: yes | default: 'x'\n"
        "column p.id | type: integer | identity: autoincrement\n"
        "column p.n | type: real | default: -1.5e-3\n"
        "column q.a | type: int\n"
        "column q.b | type: text | collation: nocase\n"
        "column q.d | type: int | generated: (a+1) | stored: stored\n"
        "constraint p.check(length(\"na me\")>1) | kind: check | definition: check(length(\"na me\")>1)\n"
        "constraint p.primary key(id) autoincrement | kind: primary key | columns: id | definition: primary key(id) autoincrement\n"
        "constraint p.unique(n) | kind: unique | columns: n | definition: unique(n)\n"
        "constraint q.FOREIGN KEY (a) references p(id)on delete cascade deferrable initially deferred | kind: foreign key | columns: a | references: p | referenced columns: id | definition: FOREIGN KEY (a) references p(id)on delete cascade deferrable initially deferred\n"
        "constraint q.k | kind: primary key | columns: a, b | definition: primary key(a,b desc)\n"
        "index q.i | kind: unique | definition: (b,a desc)where a>3\n"
        "view v | kind: view | definition: as select a,count(*)from q group by a\n"
        "trigger q.g | definition: after insert on q begin select 1;end\n";
// clang-format on

#define RUN_ALL(conn, list)                                    \
    for (size_t i = 0; i < sizeof(list) / sizeof *(list); i++) \
    run((conn), (list)[i])

static void postgres_tells_its_schema(void **state)
{
    hg_conn *conn = open_postgres();

    (void)state;
    RUN_ALL(conn, postgres_schema);
    assert_told(conn, postgres_told);
    conn->driver->close(conn);
}

static void sqlite_tells_its_schema(void **state)
{
    hg_conn *conn = open_sqlite();

    (void)state;
    RUN_ALL(conn, sqlite_schema);
    assert_told(conn, sqlite_told);
    conn->driver->close(conn);
}

/* The objects that one needs, as "a b ". */
static char *needs_of(const struct model *model, const struct object *object)
{
    struct buf out = BUF_INIT(4096);

    assert_non_null(object);
    for (size_t i = 0; i < object->need_count; i++)
        buf_printf(&out, "%s ", model->objects[object->needs[i]].name);
    return buf_take(&out);
}

/* It stands in an application's database for a while, and is none of its schema. */
static void what_headgate_has_installed_is_left_out(void **state)
{
    hg_conn *conn = open_sqlite();

    (void)state;
    RUN_ALL(conn, sqlite_schema);
    run(conn, "CREATE TABLE headgate_delta (seq INTEGER PRIMARY KEY, tab, key1)");
    run(conn, "CREATE TRIGGER headgate_delta_insert_q AFTER INSERT ON q BEGIN INSERT INTO "
              "headgate_delta (tab) VALUES ('q'); END");
    assert_told(conn, sqlite_told);
    conn->driver->close(conn);
}

static void what_needs_what_is_known(void **state)
{
    hg_conn *conn = open_postgres();
    struct model *model;
    char *needs;

    (void)state;
    RUN_ALL(conn, postgres_schema);
    model = read_from(conn);
    needs = needs_of(model, model_find(model, OBJECT_COLUMN, "", "p", "m"));
    assert_string_equal(needs, "mood ");
    alloc_free(needs);
    needs = needs_of(model, model_find(model, OBJECT_TRIGGER, "", "q", "g"));
    assert_string_equal(needs, "tg() q ");
    alloc_free(needs);
    needs = needs_of(model, model_find(model, OBJECT_TABLE, "", "", "pt1"));
    assert_string_equal(needs, "pt ");
    alloc_free(needs);
    model_free(model);
    conn->driver->close(conn);
}

static void reading_leaves_the_session_as_it_was(void **state)
{
    hg_conn *conn = open_postgres();
    hg_rows *rows = NULL;

    (void)state;
    run(conn, "CREATE SCHEMA app");
    run(conn, "SET search_path = app, public");
    run(conn, "CREATE TABLE t (a integer)");
    assert_told(conn, "table t | kind: table\ncolumn t.a | type: integer\n");
    run(conn, "BEGIN");
    run(conn, "CREATE TABLE u (a integer)"); /* what the transaction sees, and it goes on */
    assert_told(conn, "table t | kind: table\ntable u | kind: table\n"
                      "column t.a | type: integer\ncolumn u.a | type: integer\n");
    run(conn, "CREATE TABLE w (a integer)");
    run(conn, "COMMIT");
    assert_true(hg_conn_query(conn, "SHOW search_path", NULL, 0, soon(), &rows, NULL));
    assert_int_equal(hg_rows_next(rows, soon(), NULL), HG_ROW);
    assert_string_equal(hg_rows_text(rows, 0), "app, public");
    hg_rows_close(rows);
    conn->driver->close(conn);
}

static void equal_schemas_have_equal_fingerprints_however_they_were_written(void **state)
{
    hg_conn *one = open_sqlite(), *two = open_sqlite();
    struct model *a, *b;

    (void)state;
    run(one, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, CHECK (a > 0))");
    run(two, "create table \"t\" ( -- a comment\n a integer,\n b text /* b */, unique ([b]),"
             " check(a>0), primary key (a))");
    a = read_from(one);
    b = read_from(two);
    assert_string_equal(a->fingerprint, b->fingerprint);
    model_free(b);
    run(two, "ALTER TABLE t ADD COLUMN c");
    b = read_from(two);
    assert_string_not_equal(a->fingerprint, b->fingerprint);
    model_free(a);
    model_free(b);
    one->driver->close(one);
    two->driver->close(two);
}

static void what_is_not_modelled_is_listed(void **state)
{
    hg_conn *conn = open_postgres();

    (void)state;
    run(conn, "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer)");
    run(conn, "CREATE TYPE span AS RANGE (SUBTYPE = float8)");
    run(conn, "CREATE PUBLICATION pub");
    assert_told(conn, "other pub | kind: publication\nother span | kind: range type\n"
                      "other total(integer) | kind: aggregate\n");
    conn->driver->close(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(postgres_tells_its_schema),
        cmocka_unit_test(sqlite_tells_its_schema),
        cmocka_unit_test(what_headgate_has_installed_is_left_out),
        cmocka_unit_test(what_needs_what_is_known),
        cmocka_unit_test(reading_leaves_the_session_as_it_was),
        cmocka_unit_test(equal_schemas_have_equal_fingerprints_however_they_were_written),
        cmocka_unit_test(what_is_not_modelled_is_listed),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
