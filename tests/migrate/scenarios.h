/*
 * scenarios.h - what migrations do on every engine, as one suite that each engine's test program
 * runs on databases of its own.
 *
 * Not a header in the usual sense: the two test programs include it, and define new_database() and
 * empty_database().
 */
#ifndef MIGRATE_SCENARIOS_H
#define MIGRATE_SCENARIOS_H

#include "scenarios_run.h"

static void up_applies_everything_once_and_the_second_time_nothing(void **state)
{
    struct world *w = *state;

    write_three(w);
    assert_string_equal(run(w, UP, NULL), "+aaa +bbb +ccc = ccc");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM b WHERE note IS NULL"), "1");
    assert_string_equal(ask(w, "SELECT version_num FROM alembic_version"), "ccc");
    assert_string_equal(run(w, UP, NULL), "= ccc");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history"), "3");
}

static void down_and_reset_undo_in_reverse(void **state)
{
    struct world *w = *state;

    write_three(w);
    assert_string_equal(run(w, UP, "b"), "+aaa +bbb = bbb");
    assert_string_equal(run(w, DOWN, NULL), "-bbb = aaa");
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "!sql");
    assert_string_equal(run(w, UP, "+1"), "+bbb = bbb");
    assert_string_equal(run(w, RESET, NULL), "-bbb -aaa +aaa +bbb +ccc = ccc");
    assert_string_equal(run(w, DOWN, "base"), "-ccc -bbb -aaa =");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM alembic_version"), "0");
}

static void a_failing_statement_undoes_its_migration_and_names_its_place(void **state)
{
    struct world *w = *state;

    write_three(w);
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\n"
               "CREATE TABLE d (id integer);\n"
               "INSERT INTO d\n  VALUES (1), ('\xC3\xA9', nonsense);\n"
               "-- migrate:down\nDROP TABLE d;\n");
    assert_string_equal(run(w, UP, NULL), "+aaa +bbb +ccc = ccc");
    assert_int_equal(w->err.code, HG_SQL);
    assert_non_null(strstr(w->err.message, "revision \"ddd\": "));
    assert_non_null(strstr(w->err.file, "migrations/20260101000003_d.sql"));
    assert_in_range(w->err.line, 5, 6);
    assert_true(w->err.column > 0);
    assert_string_not_equal(w->err.excerpt, "");
    assert_string_equal(ask(w, "SELECT count(*) FROM d"), "!sql");
    assert_string_equal(ask(w, "SELECT version_num FROM alembic_version"), "ccc");
    assert_string_equal(ask(w, "SELECT outcome FROM headgate_history WHERE revision = 'ddd'"),
                        "failed");
    assert_non_null(
        strstr(ask(w, "SELECT error FROM headgate_history WHERE revision = 'ddd'"), "nonsense"));
    assert_string_equal(ask(w, "SELECT statements_done FROM headgate_history "
                               "WHERE revision = 'ddd'"),
                        "1");
}

static void the_history_says_who_did_what_and_how(void **state)
{
    struct world *w = *state;

    write_three(w);
    run(w, UP, NULL);
    run(w, DOWN, "-1");
    must(w);
    assert_string_equal(
        ask(w, "SELECT count(*) FROM headgate_history WHERE outcome = 'ok' AND operator = 'tester' "
               "AND os_user <> '' AND host <> '' AND headgate_version = '" HG_VERSION "' "
               "AND backend_pid > 0 AND started_at LIKE '20__-__-__T__:__:__.___Z' "
               "AND finished_at >= started_at AND duration_ms >= 0 AND statements_done = "
               "statements"),
        "4");
    assert_string_equal(ask(w, "SELECT direction FROM headgate_history ORDER BY id DESC LIMIT 1"),
                        "down");
    assert_string_equal(ask(w, "SELECT message FROM headgate_history WHERE revision = 'bbb'"),
                        "second");
    assert_string_equal(ask(w, "SELECT revises FROM headgate_history WHERE revision = 'bbb'"),
                        "aaa");
    assert_string_equal(ask(w, "SELECT down_section FROM headgate_history WHERE revision = 'bbb'"),
                        "-- migrate:down\nDROP TABLE b;\n");
}

static const char *release_of_newest_event(struct world *w)
{
    static char text[64];
    hg_events *events = NULL;

    assert_true(hg_events_read(w->pool, 1, soon(), &events, &w->err));
    assert_int_equal(events->count, 1);
    snprintf(text, sizeof text, "%s %s", events->items[0].revision, events->items[0].release);
    hg_events_free(events);
    return text;
}

static void the_history_says_which_release_brought_what(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, "aaa");
    hg_history *history;

    write_three(w);
    options.release = "v41's";
    run_with(w, &options, NULL);
    must(w);
    assert_string_equal(release_of_newest_event(w), "aaa v41's");
    options.release = NULL;
    options.target = "bbb";
    run_with(w, &options, NULL);
    history = history_of(w);
    assert_string_equal(find(history, "aaa")->release, "v41's");
    assert_string_equal(find(history, "bbb")->release, "");
    hg_history_free(history);
}

/* What a glance says of every revision, against what the whole history says. */
static void assert_glance_agrees(struct world *w)
{
    hg_history *whole = history_of(w), *glance = NULL;
    hg_history_files *files = NULL;
    hg_conn *conn = NULL;

    assert_true(hg_pool_checkout(w->pool, "test", soon(), &conn, NULL));
    assert_true(hg_history_files_read(hg_conn_driver(conn), w->migrations, NULL, &files, NULL));
    assert_true(hg_history_glance(files, conn, soon(), &glance, NULL));
    hg_pool_return(w->pool, conn);
    assert_int_equal(glance->ledger_exists, whole->ledger_exists);
    assert_int_equal(glance->pending_count, whole->pending_count);
    assert_int_equal(glance->revision_count, whole->revision_count);
    for (size_t i = 0; i < whole->revision_count; i++) {
        const hg_revision *a = &whole->revisions[i], *b = &glance->revisions[i];

        assert_string_equal(b->revision, a->revision);
        assert_string_equal(b->message, a->message);
        assert_int_equal(b->state, a->state);
        assert_int_equal(b->current, a->current);
        assert_int_equal(b->has_down, a->has_down);
        assert_int_equal(b->checksum_known, a->checksum_known);
        assert_int_equal(b->checksum_ok, a->checksum_ok);
        assert_int_equal(b->reformatted, a->reformatted);
        assert_string_equal(b->applied_by, "");
    }
    hg_history_free(glance);
    hg_history_free(whole);
}

static void a_glance_at_the_history_says_the_same_in_short(void **state)
{
    struct world *w = *state;

    write_three(w);
    assert_glance_agrees(w);
    assert_string_equal(run(w, UP, "bbb"), "+aaa +bbb = bbb");
    assert_glance_agrees(w);
    assert_string_equal(run(w, UP, NULL), "+ccc = ccc");
    write_file(w, "20260101000000_a.sql",
               "-- revision: aaa\n-- revises:\n-- message: edited\n"
               "-- migrate:up\nCREATE TABLE a (id integer);\n");
    write_file(w, "20260101000001_b.sql",
               "-- revision: bbb\n-- revises: aaa\n-- message: reformatted\n"
               "-- migrate:up\nCREATE TABLE b\n(id integer REFERENCES a);\n"
               "INSERT INTO b VALUES (1);\n");
    remove_file(w, "20260101000002_c.sql");
    assert_glance_agrees(w);
}

static void a_history_that_an_earlier_version_made_is_read_and_extended(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    hg_history *history;

    write_three(w);
    run(w, UP, "aaa");
    execute(w, "ALTER TABLE headgate_history DROP COLUMN release");
    history = history_of(w);
    assert_string_equal(find(history, "aaa")->applied_by, "tester");
    assert_string_equal(find(history, "aaa")->release, "");
    hg_history_free(history);
    assert_string_equal(release_of_newest_event(w), "aaa ");
    options.release = "v42";
    assert_string_equal(run_with(w, &options, NULL), "+bbb +ccc = ccc");
    must(w);
    assert_string_equal(release_of_newest_event(w), "ccc v42");
}

static void the_history_shows_the_graph_and_what_is_applied(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    run(w, UP, "bbb");
    history = history_of(w);
    assert_int_equal(history->revision_count, 3);
    assert_string_equal(history->revisions[0].revision, "aaa");
    assert_int_equal(history->pending_count, 1);
    assert_int_equal(history->current_count, 1);
    assert_string_equal(history->current[0], "bbb");
    assert_string_equal(history->heads[0], "ccc");
    assert_true(history->ledger_exists);
    assert_int_equal(find(history, "bbb")->state, HG_REVISION_APPLIED);
    assert_true(find(history, "bbb")->current);
    assert_string_equal(find(history, "bbb")->applied_by, "tester");
    assert_true(find(history, "bbb")->applied_ms > 1700000000000);
    assert_true(find(history, "bbb")->duration_ms >= 0);
    assert_true(find(history, "bbb")->checksum_known);
    assert_true(find(history, "bbb")->checksum_ok);
    assert_true(find(history, "bbb")->has_down);
    assert_int_equal(find(history, "ccc")->state, HG_REVISION_PENDING);
    assert_true(find(history, "ccc")->head);
    assert_string_equal(find(history, "ccc")->message, "third");
    assert_int_equal(find(history, "ccc")->revises_count, 1);
    hg_history_free(history);
}

static void reading_creates_nothing(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    hg_history *history;
    hg_plan *plan = NULL;

    write_three(w);
    history = history_of(w);
    assert_false(history->ledger_exists);
    assert_int_equal(history->pending_count, 3);
    hg_history_free(history);
    assert_true(hg_plan_make(w->pool, &options, soon(), &plan, NULL));
    assert_int_equal(plan->step_count, 3);
    hg_plan_free(plan);
    assert_string_equal(ask(w, "SELECT count(*) FROM alembic_version"), "!sql");
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history"), "!sql");
}

static void files_are_read_without_a_database(void **state)
{
    struct world *w = *state;
    hg_history *history = NULL;

    write_three(w);
    assert_true(hg_history_read(NULL, w->migrations, soon(), &history, NULL));
    assert_int_equal(history->pending_count, 3);
    assert_false(history->ledger_exists);
    hg_history_free(history);
}

static void a_database_that_alembic_has_used_is_read_as_it_is(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    execute(w, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
               "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))");
    execute(w, "INSERT INTO alembic_version VALUES ('bbb')");
    execute(w, "CREATE TABLE b (id integer)");
    history = history_of(w);
    assert_int_equal(find(history, "aaa")->state, HG_REVISION_APPLIED);
    assert_int_equal(find(history, "aaa")->applied_ms, 0);
    assert_true(find(history, "bbb")->duration_ms < 0);
    assert_false(find(history, "bbb")->checksum_known);
    assert_int_equal(history->pending_count, 1);
    hg_history_free(history);
    assert_string_equal(run(w, UP, NULL), "+ccc = ccc");
    assert_string_equal(run(w, DOWN, "-2"), "-ccc -bbb = aaa");
    must(w);
}

static void a_folder_of_dbmate_works_as_it_is(void **state)
{
    struct world *w = *state;

    write_file(
        w, "20240101000000_users.sql",
        "-- migrate:up\nCREATE TABLE users (id integer);\n\n-- migrate:down\nDROP TABLE users;\n");
    write_file(
        w, "20240102000000_posts.sql",
        "-- migrate:up\nCREATE TABLE posts (id integer);\n\n-- migrate:down\nDROP TABLE posts;\n");
    write_file(w, "seed.sql", "INSERT INTO users VALUES (1);\n");
    assert_string_equal(run(w, UP, NULL), "+20240101000000 +20240102000000 = 20240102000000");
    assert_string_equal(run(w, DOWN, NULL), "-20240102000000 = 20240101000000");
    write_file(w, "20231231000000_early.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_DRIFT);
    assert_non_null(strstr(w->err.message, "20231231000000"));
}

static hg_run_result stamp(struct world *w, const char *target)
{
    const hg_migrate_options options = options_for(w, UP, target);
    hg_run_result result;

    memset(&w->err, 0, sizeof w->err);
    (void)hg_migrate_stamp(w->pool, &options, NULL, &result, &w->err);
    return result;
}

static const char *stamped(struct world *w, const char *target)
{
    hg_run_result result = stamp(w, target);
    const char *text = told(&result);

    hg_run_result_release(&result);
    return text;
}

static void stamp_sets_the_table_and_runs_nothing(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    assert_string_equal(stamped(w, "bbb"), "+bbb = bbb");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "!sql");
    assert_string_equal(stamped(w, "bbb"), "= bbb");
    assert_string_equal(stamped(w, "heads"), "-bbb +ccc = ccc");
    assert_string_equal(stamped(w, "base"), "-ccc =");
    assert_string_equal(stamped(w, "+1"), "=");
    assert_int_equal(w->err.code, HG_NO_REVISION);
    assert_string_equal(stamped(w, "head"), "+ccc = ccc");
    history = history_of(w);
    assert_string_equal(find(history, "ccc")->applied_by, "tester");
    assert_true(find(history, "ccc")->applied_ms > 0);
    hg_history_free(history);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history"), "5");
}

static void stamp_accepts_an_edited_file_and_frees_a_database_from_an_unknown_revision(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    run(w, UP, NULL);
    write_file(w, "20260101000002_c.sql",
               "-- revision: ccc\n-- revises: bbb\n-- migrate:up\nSELECT 1;\n-- migrate:down\n");
    history = history_of(w);
    assert_false(find(history, "ccc")->checksum_ok);
    hg_history_free(history);
    assert_string_equal(stamped(w, "ccc"), "+ccc = ccc");
    history = history_of(w);
    assert_true(find(history, "ccc")->checksum_ok);
    hg_history_free(history);

    execute(w, "UPDATE alembic_version SET version_num = 'unknown'");
    run(w, UP, NULL);
    assert_int_equal(w->err.code, HG_DRIFT);
    assert_string_equal(stamped(w, "bbb"), "+bbb -unknown = bbb");
    must(w);
}

static void a_file_that_was_reformatted_is_told_from_one_that_was_edited(void **state)
{
    struct world *w = *state;
    hg_history *history;

    write_three(w);
    run(w, UP, NULL);
    write_file(w, "20260101000002_c.sql",
               "-- revision: ccc\n-- revises: bbb\n-- migrate:up\n\n"
               "alter table b\n    add column note text -- why not\n;\n-- migrate:down\n");
    history = history_of(w);
    assert_true(find(history, "ccc")->checksum_ok);
    assert_true(find(history, "ccc")->reformatted);
    assert_false(find(history, "bbb")->reformatted);
    hg_history_free(history);
    write_file(w, "20260101000002_c.sql",
               "-- revision: ccc\n-- revises: bbb\n-- migrate:up\n"
               "ALTER TABLE b ADD COLUMN note varchar(9);\n-- migrate:down\n");
    history = history_of(w);
    assert_false(find(history, "ccc")->checksum_ok);
    assert_false(find(history, "ccc")->reformatted);
    hg_history_free(history);
}

static void an_edited_file_is_rolled_back_as_it_was_applied(void **state)
{
    struct world *w = *state;

    write_three(w);
    run(w, UP, NULL);
    write_file(
        w, "20260101000002_c.sql",
        "-- revision: ccc\n-- revises: bbb\n-- migrate:up\nCREATE TABLE other (id integer);\n"
        "-- migrate:down\nDROP TABLE other;\n");
    assert_string_equal(run(w, RESET, NULL), "-ccc -bbb -aaa +aaa +bbb +ccc = ccc");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM other"), "0");
}

static void an_older_release_undoes_what_a_newer_one_applied(void **state)
{
    struct world *w = *state;
    hg_history *history;
    hg_migrate_options options = options_for(w, DOWN, "bbb");
    hg_plan *plan = NULL;

    write_three(w);
    run(w, UP, NULL);
    remove_file(w, "20260101000002_c.sql");
    history = history_of(w);
    assert_int_equal(find(history, "ccc")->state, HG_REVISION_MISSING);
    assert_string_equal(find(history, "ccc")->message, "third");
    hg_history_free(history);
    assert_string_equal(run(w, UP, NULL), "= ccc");
    must(w);
    assert_true(hg_plan_make(w->pool, &options, soon(), &plan, NULL));
    assert_true(plan->steps[0].kept);
    assert_string_equal(plan->steps[0].statements[0].sql, "ALTER TABLE b DROP COLUMN note");
    hg_plan_free(plan);
    assert_string_equal(run(w, DOWN, "bbb"), "-ccc = bbb");
    must(w);
    assert_string_equal(ask(w, "SELECT count(note) FROM b"), "!sql");
}

static void the_same_plan_has_the_same_id_and_another_is_refused(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    hg_plan *plan = NULL, *again = NULL, *other = NULL;
    char id[17];

    write_three(w);
    assert_true(hg_plan_make(w->pool, &options, soon(), &plan, NULL));
    assert_true(hg_plan_make(w->pool, &options, soon(), &again, NULL));
    options.target = "bbb";
    assert_true(hg_plan_make(w->pool, &options, soon(), &other, NULL));
    assert_int_equal(strlen(plan->id), 16);
    assert_string_equal(plan->id, again->id);
    assert_string_not_equal(plan->id, other->id);
    assert_int_equal(plan->current_before_count, 0);
    assert_string_equal(plan->current_after[0], "ccc");
    assert_int_equal(plan->steps[0].statement_count, 2);
    assert_string_equal(plan->steps[0].statements[1].sql, "INSERT INTO a VALUES (1)");
    assert_int_equal(plan->steps[0].statements[1].line, 6);
    strcpy(id, plan->id);
    hg_plan_free(plan);
    hg_plan_free(again);
    hg_plan_free(other);

    options.plan_id = id;
    assert_string_equal(run_with(w, &options, NULL), "=");
    assert_int_equal(w->err.code, HG_REFUSED);
    options.target = NULL;
    assert_string_equal(run_with(w, &options, NULL), "+aaa +bbb +ccc = ccc");
    must(w);
}

static void what_is_refused_has_not_even_made_the_version_tables(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);

    write_three(w);
    execute(w, "CREATE TABLE old (id integer)");
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\nDROP TABLE old;\n");
    options.production = true;
    assert_string_equal(run_with(w, &options, NULL), "=");
    assert_int_equal(w->err.code, HG_REFUSED);
    assert_string_equal(ask(w, "SELECT count(*) FROM alembic_version"), "!sql");
    options.production = false;
    options.plan_id = "0123456789abcdef";
    assert_string_equal(run_with(w, &options, NULL), "=");
    assert_int_equal(w->err.code, HG_REFUSED);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history"), "!sql");
    assert_string_equal(run(w, UP, NULL), "+aaa +bbb +ccc +ddd = ddd");
    must(w);
}

static void one_transaction_holds_all_or_nothing(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);

    options.single_transaction = true;
    write_three(w);
    write_file(
        w, "20260101000003_d.sql",
        "-- revision: ddd\n-- revises: ccc\n-- migrate:up\nINSERT INTO nowhere VALUES (1);\n");
    assert_string_equal(run_with(w, &options, NULL), "=");
    assert_int_equal(w->err.code, HG_SQL);
    assert_int_equal(w->err.line, 4);
    assert_string_equal(ask(w, "SELECT count(*) FROM a"), "!sql");
    remove_file(w, "20260101000003_d.sql");
    assert_string_equal(run_with(w, &options, NULL), "+aaa +bbb +ccc = ccc");
    must(w);
    assert_string_equal(ask(w, "SELECT count(*) FROM headgate_history WHERE outcome = 'ok'"), "3");
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up transaction:false\nSELECT 1;\n");
    run_with(w, &options, NULL);
    assert_int_equal(w->err.code, HG_REFUSED);
}

static void a_file_that_ends_our_transaction_is_refused_before_anything_runs(void **state)
{
    struct world *w = *state;

    write_three(w);
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\nSELECT 1;\n  COMMIT;\n");
    assert_string_equal(run(w, UP, NULL), "=");
    assert_int_equal(w->err.code, HG_FILE);
    assert_int_equal(w->err.line, 5);
    assert_int_equal(w->err.column, 3);
    assert_string_equal(w->err.excerpt, "  COMMIT;");
}

static void an_observer_hears_every_step_and_statement(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, "bbb");
    struct witness witness = {0};
    hg_observer observer = observer_of(&witness);

    write_three(w);
    run_with(w, &options, &observer);
    must(w);
    assert_string_equal(witness.events,
                        "start aaa 0/2 first\n"
                        "statement aaa 0/2 CREATE TABLE a (id integer PRIMARY KEY)\n"
                        "statement aaa 1/2 INSERT INTO a VALUES (1)\n"
                        "done aaa 1/2 \n"
                        "start bbb 1/2 second\n"
                        "statement bbb 0/2 CREATE TABLE b (id integer REFERENCES a)\n"
                        "statement bbb 1/2 INSERT INTO b VALUES (1)\n"
                        "done bbb 2/2 \n");
}

static void a_cancelled_run_is_rolled_back_to_its_last_migration(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct witness witness = {.stop_at_statement = 4};
    hg_observer observer = observer_of(&witness);

    write_three(w);
    assert_string_equal(run_with(w, &options, &observer), "+aaa = aaa");
    assert_int_equal(w->err.code, HG_CANCELLED);
    assert_string_equal(ask(w, "SELECT count(*) FROM b"), "!sql");
    assert_string_equal(run(w, UP, NULL), "+bbb +ccc = ccc");
    must(w);
}

static void a_long_statement_is_cancelled_soon(void **state)
{
    struct world *w = *state;
    hg_migrate_options options = options_for(w, UP, NULL);
    struct witness witness = {.stop_at = 25};
    hg_observer observer = observer_of(&witness);
    int64_t start = clock_now_ns();

    write_three(w);
    write_file(w, "20260101000003_d.sql",
               "-- revision: ddd\n-- revises: ccc\n-- migrate:up\nCREATE TABLE d (id integer);\n"
               "INSERT INTO d WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
               "SELECT count(*) FROM n;\n");
    run_with(w, &options, &observer);
    assert_int_equal(w->err.code, HG_CANCELLED);
    assert_true(clock_since_ms(start) < 60000); /* without the cancel it would never end */
    assert_string_equal(ask(w, "SELECT count(*) FROM d"), "!sql");
}

#define SCENARIOS                                                                             \
    SCENARIO(up_applies_everything_once_and_the_second_time_nothing),                         \
        SCENARIO(down_and_reset_undo_in_reverse),                                             \
        SCENARIO(a_failing_statement_undoes_its_migration_and_names_its_place),               \
        SCENARIO(the_history_says_who_did_what_and_how),                                      \
        SCENARIO(the_history_says_which_release_brought_what),                                \
        SCENARIO(a_glance_at_the_history_says_the_same_in_short),                             \
        SCENARIO(a_history_that_an_earlier_version_made_is_read_and_extended),                \
        SCENARIO(the_history_shows_the_graph_and_what_is_applied),                            \
        SCENARIO(reading_creates_nothing), SCENARIO(files_are_read_without_a_database),       \
        SCENARIO(a_database_that_alembic_has_used_is_read_as_it_is),                          \
        SCENARIO(a_folder_of_dbmate_works_as_it_is),                                          \
        SCENARIO(stamp_sets_the_table_and_runs_nothing),                                      \
        SCENARIO(stamp_accepts_an_edited_file_and_frees_a_database_from_an_unknown_revision), \
        SCENARIO(a_file_that_was_reformatted_is_told_from_one_that_was_edited),               \
        SCENARIO(an_edited_file_is_rolled_back_as_it_was_applied),                            \
        SCENARIO(an_older_release_undoes_what_a_newer_one_applied),                           \
        SCENARIO(the_same_plan_has_the_same_id_and_another_is_refused),                       \
        SCENARIO(what_is_refused_has_not_even_made_the_version_tables),                       \
        SCENARIO(one_transaction_holds_all_or_nothing),                                       \
        SCENARIO(a_file_that_ends_our_transaction_is_refused_before_anything_runs),           \
        SCENARIO(an_observer_hears_every_step_and_statement),                                 \
        SCENARIO(a_cancelled_run_is_rolled_back_to_its_last_migration),                       \
        SCENARIO(a_long_statement_is_cancelled_soon),                                         \
        SCENARIO(nothing_is_started_that_does_not_fit_the_deadline),                          \
        SCENARIO(what_never_ran_is_expected_to_take_as_long_as_its_like),                     \
        SCENARIO(the_history_knows_how_long_each_kind_of_statement_took),                     \
        SCENARIO(several_heads_branch_and_merge),                                             \
        SCENARIO(statements_outside_a_transaction_go_on_where_they_stopped),                  \
        SCENARIO(what_has_run_may_not_be_edited_before_the_rest_has),                         \
        SCENARIO(a_transaction_that_a_file_leaves_open_is_an_error),                          \
        SCENARIO(eight_deployers_at_once_all_succeed_and_nothing_runs_twice),                 \
        SCENARIO(killed_anywhere_the_next_run_ends_in_the_same_state)

#endif
