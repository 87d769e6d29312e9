/*
 * test_hazards_postgres.c - every row of the table of forms, on a real server: the form is run in a
 * transaction, what it locked, scanned, built and wrote anew is read from the server, and compared
 * with what the table says of the forms that the statement was taken for.
 *
 * Adding a form is adding a row; a form without a case fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include <headgate/pool.h>

#include "base/arena.h"
#include "hazard_cases.h"
#include "migrate/measure.h"
#include "sql/classify.h"
#include "sql/hazard.h"
#include "support/postgres.h"

static hg_pool *pool;
static hg_url *url;
static hg_conn *conn, *other;
static int version;

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(60000);
}

static void run(hg_conn *on, const char *sql)
{
    hg_error err = {0};

    if (!hg_conn_execute(on, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static int64_t ask(hg_conn *on, const char *sql)
{
    hg_rows *rows = NULL;
    hg_error err = {0};
    int64_t answer;

    if (!hg_conn_query(on, sql, NULL, 0, soon(), &rows, &err)
        || hg_rows_next(rows, soon(), &err) != HG_ROW)
        fail_msg("%s: %s", sql, err.message);
    answer = hg_rows_integer(rows, 0);
    hg_rows_close(rows);
    return answer;
}

static bool empty; /* without its rows */

static void make_schema(void)
{
    run(conn, "DROP PUBLICATION IF EXISTS pub");
    for (size_t i = 0; i < sizeof schema / sizeof *schema; i++)
        if (!empty || strncmp(schema[i], "INSERT", 6) != 0)
            run(conn, schema[i]);
}

static struct classified classify_it(struct arena *arena, const struct one_case *c)
{
    struct classified class;
    bool has = false;

    assert_true(classify(arena, HG_POSTGRESQL, c->sql, strlen(c->sql), &class, NULL));
    for (size_t i = 0; i < class.use_count; i++)
        has = has || class.uses[i].form == c->form;
    if (class.how != CLASSIFY_TREE || !has)
        fail_msg("%s: is taken for \"%s\"", c->sql, form_at(class.uses[0].form, version)->text);
    return class;
}

/* --- what the table says of a statement, table by table --- */

struct expected {
    hg_lock_mode lock;
    unsigned work;
};

/* Whether a name of a statement means this relation; an index means its table. */
static bool means(const struct snapshot *snapshot, const char *name,
                  const struct measured_relation *relation)
{
    for (size_t i = 0; name[0] != '\0' && i < snapshot->count; i++) {
        const struct measured_relation *r = &snapshot->relations[i];
        bool index = r->kind == 'i' || r->kind == 'I';

        if (classify_same_name(r->name, name) && (index ? r->table : r->oid) == relation->oid)
            return true;
    }
    return false;
}

static struct expected expect(const struct classified *class, const struct snapshot *snapshot,
                              const struct measured_relation *relation)
{
    struct expected e = {0};

    for (size_t i = 0; i < class->use_count; i++) {
        const struct class_use *use = &class->uses[i];
        const struct form *form = form_at(use->form, version);
        hg_lock_mode lock = use->lock != HG_LOCK_NONE ? use->lock : form->lock;

        assert_non_null(form);
        if (means(snapshot, use->table, relation)) {
            e.lock = lock > e.lock ? lock : e.lock;
            e.work |= form->work;
        }
        if (means(snapshot, use->other, relation)) {
            e.lock = form->other > e.lock ? form->other : e.lock;
            e.work |= form->other_work;
        }
    }
    return e;
}

/* The mode that a case says a relation is locked in though nobody names it. */
static hg_lock_mode also(const struct one_case *c, const char *name)
{
    const char *at = c->also == NULL ? NULL : strstr(c->also, name);
    size_t n = strlen(name);

    if (at == NULL || at[n] != ':')
        return HG_LOCK_NONE;
    for (hg_lock_mode mode = HG_LOCK_ACCESS_EXCLUSIVE; mode > HG_LOCK_NONE; mode--) {
        const char *text = hg_lock_mode_name(mode);

        if (strcmp(at + n + 1, text) == 0)
            return mode;
    }
    return HG_LOCK_NONE;
}

static const struct measured_table *find(const struct measured *measured, int64_t oid)
{
    static const struct measured_table untouched;

    for (size_t i = 0; i < measured->count; i++)
        if (measured->tables[i].relation->oid == oid)
            return &measured->tables[i];
    return &untouched;
}

static unsigned work_of(const struct measured_table *t)
{
    if (t->rewrite) /* the indexes of the new file are built from it */
        return WORK_REWRITE;
    return (t->scan ? WORK_SCAN : 0U) | (t->index_build ? WORK_BUILD : 0U);
}

/* The same of what the table says. */
static unsigned said_work(unsigned work)
{
    if ((work & WORK_WORST) == 0 && (work & WORK_REWRITE) != 0)
        return WORK_REWRITE;
    return work & (WORK_SCAN | WORK_REWRITE | WORK_BUILD);
}

static int differences;

static void compare_table(const struct one_case *c, const struct measured_relation *relation,
                          struct expected e, const struct measured_table *t)
{
    unsigned work = work_of(t), said = said_work(e.work);
    hg_lock_mode unnamed = also(c, relation->name);
    bool worst = (e.work & WORK_WORST) != 0, fits;

    if (relation->kind == 'p') /* rows and indexes are its partitions' */
        said &= ~(unsigned)(WORK_SCAN | WORK_BUILD);

    if (unnamed != HG_LOCK_NONE) {
        fits = t->lock == unnamed;
    } else {
        fits = worst ? (t->lock <= e.lock && (work & ~said) == 0)
                     : (t->lock == e.lock && work == said);
    }
    if (fits)
        return;
    differences++;
    fprintf(stderr, "%s\n    %s: the table says \"%s\" %u%s, the server \"%s\" %u\n", c->sql,
            relation->name, hg_lock_mode_name(unnamed != HG_LOCK_NONE ? unnamed : e.lock), said,
            worst ? " at most" : "", hg_lock_mode_name(t->lock), work);
}

/* A table or column that is gone was said to be lost, and one that was said to be lost is gone;
 * TRUNCATE and DELETE leave theirs behind. */
static void compare_loss(const struct one_case *c, const struct measured_relation *relation,
                         struct expected e, const struct measured_table *t)
{
    bool drops = e.lock == HG_LOCK_ACCESS_EXCLUSIVE && (e.work & WORK_LOSS) != 0
                 && (e.work & WORK_REWRITE) == 0;

    if (relation->kind == 'v' || relation->kind == 'm' || t->gone == drops
        || also(c, relation->name) != HG_LOCK_NONE) /* an identity's sequence goes with it */
        return;
    differences++;
    fprintf(stderr, "%s\n    %s: %s\n", c->sql, relation->name, t->gone ? "is gone" : "is there");
}

/* --- cases in a transaction --- */

static void check_case(const struct one_case *c)
{
    struct arena arena = ARENA_INIT;
    struct classified class = classify_it(&arena, c);
    struct snapshot before;
    struct measured measured;
    hg_error err = {0};

    if (c->setup != NULL)
        run(conn, c->setup);
    if (!measure_look(conn, &arena, soon(), &before, &err))
        fail_msg("%s", err.message);
    run(conn, "BEGIN");
    if (!measure_begin(conn, soon(), &before, &err))
        fail_msg("%s", err.message);
    run(conn, c->sql);
    if (!measure_end(conn, &arena, &before, soon(), &measured, &err))
        fail_msg("%s", err.message);
    assert_int_equal(measured.shared, strncmp(c->sql, "CREATE ROLE", 11) == 0);
    for (size_t i = 0; i < before.count; i++) {
        const struct measured_relation *r = &before.relations[i];

        if (r->kind != 'i' && r->kind != 'I') {
            compare_table(c, r, expect(&class, &before, r), find(&measured, r->oid));
            compare_loss(c, r, expect(&class, &before, r), find(&measured, r->oid));
        }
    }
    run(conn, "ROLLBACK");
    if (c->setup != NULL)
        make_schema();
    snapshot_release(&measured.after);
    snapshot_release(&before);
    arena_release(&arena);
}

static void check_cases(void)
{
    differences = 0;
    make_schema();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i]);
    assert_int_equal(differences, 0);
}

static void every_form_locks_and_works_as_the_table_says(void **state)
{
    (void)state;
    check_cases();
}

/* What a plan relies on that is measured where there are no rows. */
static void every_form_does_the_same_to_empty_tables(void **state)
{
    (void)state;
    empty = true;
    check_cases();
    empty = false;
}

/* --- cases that no transaction can hold --- */

static void assert_refused_in_a_transaction(const struct one_case *c)
{
    hg_error err = {0};

    run(conn, "BEGIN");
    assert_false(hg_conn_execute(conn, c->sql, NULL, 0, soon(), NULL, &err));
    if (strcmp(err.sqlstate, "25001") != 0)
        fail_msg("%s: %s %s", c->sql, err.sqlstate, err.message);
    run(conn, "ROLLBACK");
}

static void *run_alone(void *context)
{
    const struct one_case *c = context;
    static hg_error err;

    err = (hg_error){0};
    return hg_conn_execute(conn, c->sql, NULL, 0, soon(), NULL, &err) ? NULL : &err;
}

/* The mode in which the statement waits for the table that `other` has. */
static hg_lock_mode mode_of_waiter(void)
{
    char sql[512];
    int64_t mode = 0;
    hg_deadline by = soon();

    snprintf(sql, sizeof sql,
             "SELECT coalesce(max(array_position(ARRAY['AccessShareLock', 'RowShareLock', "
             "'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', "
             "'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'], mode)), 0) "
             "FROM pg_locks WHERE pid = %lld AND NOT granted AND locktype = 'relation'",
             (long long)hg_conn_backend_pid(conn));
    while (mode == 0 && hg_deadline_left_ms(by) > 0)
        mode = ask(other, sql);
    return (hg_lock_mode)mode;
}

static void check_alone(const struct one_case *c)
{
    struct arena arena = ARENA_INIT;
    struct classified class = classify_it(&arena, c);
    const struct form *form = form_at(c->form, version);
    hg_lock_mode mode;
    pthread_t thread;
    void *failure;

    assert_int_equal(class.uses[0].form, c->form);
    assert_true((form->work & WORK_ALONE) != 0);
    make_schema();
    assert_refused_in_a_transaction(c);
    run(other, "BEGIN");
    run(other, "LOCK TABLE s.q, s.pt IN SHARE UPDATE EXCLUSIVE MODE");
    assert_int_equal(pthread_create(&thread, NULL, run_alone, (void *)(uintptr_t)c), 0);
    mode = mode_of_waiter();
    run(other, "ROLLBACK");
    pthread_join(thread, &failure);
    if (failure != NULL)
        fail_msg("%s: %s", c->sql, ((hg_error *)failure)->message);
    if (mode != form->lock)
        fail_msg("%s: waits for \"%s\"", c->sql, hg_lock_mode_name(mode));
    arena_release(&arena);
}

/* What it did is there to be seen only when it is done: file nodes, and scans that are counted. */
static void check_work_of_alone(const struct one_case *c)
{
    static const char nodes[] = "SELECT pg_relation_filenode('s.q')";
    static const char indexes[] =
        "SELECT coalesce(sum(hashint8(pg_relation_filenode(indexrelid)::int8)), 0) "
        "FROM pg_index WHERE indrelid = 's.q'::regclass";
    static const char count[] = "SELECT count(*) FROM pg_index WHERE indrelid = 's.q'::regclass";
    unsigned said = form_at(c->form, version)->work;
    int64_t node, built, number;

    make_schema();
    node = ask(conn, nodes);
    built = ask(conn, indexes);
    number = ask(conn, count);
    run(conn, c->sql);
    assert_int_equal(ask(conn, nodes) != node, (said & WORK_REWRITE) != 0);
    if ((said & WORK_REWRITE) == 0 && ask(conn, count) >= number)
        assert_int_equal(ask(conn, indexes) != built, (said & WORK_BUILD) != 0);
}

static void what_no_transaction_can_hold_waits_in_the_mode_that_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        check_alone(&alone[i]);
        check_work_of_alone(&alone[i]);
    }
}

static void what_no_transaction_can_hold_is_refused_in_one(void **state)
{
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        classify_it(&arena, &refused[i]);
        assert_true((form_at(refused[i].form, version)->work & WORK_ALONE) != 0);
        assert_refused_in_a_transaction(&refused[i]);
    }
    arena_release(&arena);
}

/* --- cases that need something of their own --- */

static void a_table_that_moves_to_another_tablespace_is_copied(void **state)
{
    static const struct one_case c = {FORM_SET_TABLESPACE,
                                      "ALTER TABLE q SET TABLESPACE elsewhere"};

    (void)state;
    differences = 0;
    make_schema();
    run(conn, "SET allow_in_place_tablespaces = on");
    run(conn, "CREATE TABLESPACE elsewhere LOCATION ''");
    check_case(&c);
    run(conn, "DROP TABLESPACE elsewhere");
    assert_int_equal(differences, 0);
}

static void a_table_that_gets_another_access_method_is_rewritten(void **state)
{
    static const struct one_case c = {FORM_SET_ACCESS_METHOD,
                                      "ALTER TABLE q SET ACCESS METHOD heap2"};

    (void)state;
    differences = 0;
    make_schema();
    run(conn, "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler");
    check_case(&c);
    run(conn, "DROP ACCESS METHOD heap2");
    assert_int_equal(differences, 0);
}

/* A detachment that gave up half way: its lock on the parent was not to be had a second time. */
static void a_detachment_that_was_interrupted_is_finished(void **state)
{
    static const struct one_case c = {FORM_DETACH_PARTITION_FINALIZE,
                                      "ALTER TABLE pt DETACH PARTITION pt1 FINALIZE"};
    hg_error err = {0};

    (void)state;
    differences = 0;
    make_schema();
    run(other, "BEGIN");
    run(other, "SELECT * FROM s.pt");
    run(conn, "SET lock_timeout = '50ms'");
    assert_false(hg_conn_execute(conn, "ALTER TABLE pt DETACH PARTITION pt1 CONCURRENTLY", NULL, 0,
                                 soon(), NULL, &err));
    run(conn, "SET lock_timeout = 0");
    run(other, "ROLLBACK");
    check_case(&c);
    assert_int_equal(differences, 0);
}

/* --- all of the table --- */

static bool has_case(enum form_id id)
{
    static const struct {
        const struct one_case *list;
        size_t count;
    } lists[] = {{cases, sizeof cases / sizeof *cases},
                 {alone, sizeof alone / sizeof *alone},
                 {refused, sizeof refused / sizeof *refused}};

    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (size_t i = 0; i < lists[l].count; i++)
            if (lists[l].list[i].form == id)
                return true;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (elsewhere[i].form == id)
            return true;
    return false;
}

static void every_form_that_this_server_knows_has_a_case(void **state)
{
    size_t count, measured = 0;
    const struct form *forms = form_all(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (form_is_sqlite(forms[i].id) || form_at(forms[i].id, version) != &forms[i])
            continue;
        if (!has_case(forms[i].id))
            fail_msg("no case measures \"%s\"", forms[i].text);
        measured++;
    }
    assert_true(measured >= 100);
}

/* --- who waits for whom --- */

static bool may_lock(const char *mode)
{
    char sql[128];
    hg_error err = {0};
    bool ok;

    run(other, "BEGIN");
    snprintf(sql, sizeof sql, "LOCK TABLE s.q IN %s MODE NOWAIT", mode);
    ok = hg_conn_execute(other, sql, NULL, 0, soon(), NULL, &err);
    run(other, "ROLLBACK");
    return ok;
}

static void a_lock_blocks_readers_and_writers_as_it_says(void **state)
{
    (void)state;
    make_schema();
    for (hg_lock_mode mode = HG_LOCK_ACCESS_SHARE; mode <= HG_LOCK_ACCESS_EXCLUSIVE; mode++) {
        char sql[128];

        run(conn, "BEGIN");
        snprintf(sql, sizeof sql, "LOCK TABLE s.q IN %s MODE", hg_lock_mode_name(mode));
        run(conn, sql);
        assert_int_equal(may_lock("ACCESS SHARE"), !hg_lock_blocks_reads(mode));
        assert_int_equal(may_lock("ROW EXCLUSIVE"), !hg_lock_blocks_writes(mode));
        run(conn, "ROLLBACK");
    }
}

static int setup(void **state)
{
    hg_pool_options options = {.name = "hazards",
                               .settings = {.size = 2, .timeout_ms = 30000, .recycle_ms = -1}};
    char *name;

    postgres_setup(state);
    name = postgres_database();
    url = postgres_url(name);
    free(name);
    return hg_pool_open(url, &options, &pool, NULL)
                   && hg_pool_checkout(pool, "hazards", soon(), &conn, NULL)
                   && hg_pool_checkout(pool, "hazards", soon(), &other, NULL)
                   && (version = hg_conn_server_version_number(conn)) > 0
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    hg_pool_discard(pool, conn);
    hg_pool_discard(pool, other);
    hg_pool_close(pool, soon());
    hg_url_free(url);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_locks_and_works_as_the_table_says),
        cmocka_unit_test(every_form_does_the_same_to_empty_tables),
        cmocka_unit_test(what_no_transaction_can_hold_waits_in_the_mode_that_the_table_says),
        cmocka_unit_test(what_no_transaction_can_hold_is_refused_in_one),
        cmocka_unit_test(a_table_that_moves_to_another_tablespace_is_copied),
        cmocka_unit_test(a_table_that_gets_another_access_method_is_rewritten),
        cmocka_unit_test(a_detachment_that_was_interrupted_is_finished),
        cmocka_unit_test(every_form_that_this_server_knows_has_a_case),
        cmocka_unit_test(a_lock_blocks_readers_and_writers_as_it_says),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
