/*
 * test_pooler_postgres.c - migrations through a real PgBouncer: in session mode they run, in
 * transaction mode they are refused before anything is done. Without PgBouncer there is nothing to
 * test.
 */
#include "world.h"

#include "support/pgbouncer.h"
#include "support/postgres.h"

static hg_url *new_database(const char *dir)
{
    char *name = postgres_database();
    hg_url *url = postgres_url(name);

    (void)dir;
    free(name);
    return url;
}

static void connect_by(struct world *w, hg_url *url)
{
    hg_pool_close(w->pool, soon());
    hg_url_free(w->url);
    w->url = url;
    w->pool = pool_to(url);
}

/* The world's pool goes through a pooler of this mode; false: there is none. */
static bool through_pooler(struct world *w, const char *mode)
{
    if (!pgbouncer_start(mode))
        return false;
    connect_by(w, pgbouncer_url(hg_url_database(w->url)));
    return true;
}

static void without_pooler(struct world *w)
{
    connect_by(w, postgres_url(hg_url_database(w->url)));
    pgbouncer_stop();
}

static void in_session_mode_migrations_run(void **state)
{
    struct world *w = *state;
    const char *done;

    write_three(w);
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up transaction:false\n"
               "CREATE INDEX CONCURRENTLY b_note ON b (note);\n"
               "-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY b_note;\n");
    if (!through_pooler(w, "session"))
        skip();
    done = run(w, UP, NULL);
    must(w);
    assert_string_equal(done, "+aaa +bbb +ccc +ddd = ddd");
    assert_string_equal(
        ask(w, "SELECT count(*) FROM headgate_history WHERE outcome = 'ok' AND backend_pid > 0"),
        "4");
    done = run(w, DOWN, "base");
    must(w);
    assert_string_equal(done, "-ddd -ccc -bbb -aaa =");
    without_pooler(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
}

static void in_transaction_mode_they_are_refused_before_anything_is_done(void **state)
{
    struct world *w = *state;

    write_three(w);
    if (!through_pooler(w, "transaction"))
        skip();
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_UNSUPPORTED);
    assert_non_null(strstr(w->err.message, "a pooler that shares sessions"));
    assert_non_null(strstr(w->err.hint, "the URL of the server itself"));
    without_pooler(w);
    assert_string_equal(ask(w, "SELECT to_regclass('alembic_version') IS NULL"), "true");
    assert_string_equal(ask(w, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
    assert_string_equal(run(w, UP, NULL), "+aaa +bbb +ccc = ccc");
    must(w);
}

static void in_transaction_mode_nothing_to_do_is_no_trouble(void **state)
{
    struct world *w = *state;

    write_three(w);
    run(w, UP, NULL);
    if (!through_pooler(w, "transaction"))
        skip();
    assert_string_equal(run(w, UP, NULL), "= ccc");
    must(w);
    without_pooler(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(in_session_mode_migrations_run),
        SCENARIO(in_transaction_mode_they_are_refused_before_anything_is_done),
        SCENARIO(in_transaction_mode_nothing_to_do_is_no_trouble),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
