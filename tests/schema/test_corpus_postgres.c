/*
 * test_corpus_postgres.c - every pair of the corpus on a server: what is written makes the one
 * schema the other and back, a second comparison finds nothing, comments and layout never matter.
 */
#include "corpus.h"

#include "driver/driver.h"
#include "schema/evolve.h"
#include "support/postgres.h"

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(240000);
}

static hg_conn *open_database(void)
{
    const struct driver_options options = {.application_name = "headgate/test"};
    char *database = postgres_database();
    hg_url *url = postgres_url(database);
    hg_conn *conn = NULL;

    assert_true(driver_postgres.open(url, &options, soon(), &conn, NULL));
    hg_url_free(url);
    free(database);
    return conn;
}

/* All that a case may have made. */
static void clean(hg_conn *conn)
{
    static const char sql[] =
        "DO $$ DECLARE name text; BEGIN"
        " SET LOCAL client_min_messages = warning;"
        " FOR name IN SELECT quote_ident(nspname) FROM pg_namespace"
        "   WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        " LOOP EXECUTE 'DROP SCHEMA ' || name || ' CASCADE'; END LOOP;"
        " FOR name IN SELECT quote_ident(extname) FROM pg_extension WHERE extname <> 'plpgsql'"
        " LOOP EXECUTE 'DROP EXTENSION ' || name || ' CASCADE'; END LOOP;"
        " EXECUTE 'CREATE SCHEMA public'; END $$";
    hg_error err = {0};

    if (!hg_conn_execute(conn, sql, NULL, 0, soon(), NULL, &err))
        fail_msg("clean: %s", err.message);
}

struct bench {
    struct corpus corpus;
    struct side one, two;        /* the first schema: to be changed, and to be compared with */
    struct side wanted, mangled; /* the second one, in both coats */
    int faults;
};

/* Pairs that are tried at once, each in a schema of its own: c1, c2, ... */
struct batch {
    const struct pair *const *pairs;
    size_t count;
};

enum which { FROM, TO, TO_MANGLED };

static bool load(struct bench *b, struct side *side, const struct pair *pair, enum which which)
{
    const char *sql = which == FROM ? pair->from : pair->to;
    struct side_text text = {.path = pair->file};
    hg_error err = {0};

    text.text = which == TO_MANGLED ? corpus_mangle(&b->corpus, HG_POSTGRESQL, sql) : sql;
    text.size = strlen(text.text);
    if (side_load(side, &text, &err))
        return true;
    fprintf(stderr, "%s: %s: load: %d:%d %s\n", pair->file, pair->name, err.line, err.column,
            err.message);
    b->faults++;
    return false;
}

static bool set_up(struct bench *b, struct side *side, const struct batch *batch, enum which which)
{
    bool ok = true;

    side->by = soon();
    clean(side->conn);
    for (size_t i = 0; i < batch->count; i++) {
        char sql[100];

        if (batch->count > 1) {
            snprintf(sql, sizeof sql, "CREATE SCHEMA c%zu", i);
            assert_true(hg_conn_execute(side->conn, sql, NULL, 0, soon(), NULL, NULL));
            snprintf(sql, sizeof sql, "SET search_path = c%zu", i);
            assert_true(hg_conn_execute(side->conn, sql, NULL, 0, soon(), NULL, NULL));
        }
        ok = load(b, side, batch->pairs[i], which) && ok;
    }
    assert_true(hg_conn_execute(side->conn, "RESET search_path", NULL, 0, soon(), NULL, NULL));
    return ok && side_read(side, NULL);
}

static void tell_written(const struct written *written)
{
    for (size_t i = 0; i < written->count; i++)
        fprintf(stderr, "    %s\n", written->statements[i].sql);
}

static bool expect_same(struct bench *b, const struct batch *batch, struct side *other,
                        const char *when, const struct written *written)
{
    struct buf told = BUF_INIT(1 << 20);
    struct arena arena = ARENA_INIT;
    struct diff diff;
    hg_error err = {0};
    bool ok = sides_compare(&arena, &b->one, true, other, true, &diff, &err);

    if (!ok || diff.count > 0) {
        for (size_t i = 0; ok && i < diff.count; i++)
            change_tell(&diff.changes[i], &told);
        fprintf(stderr, "%s: %s: %s: %s\n%s", batch->pairs[0]->file, batch->pairs[0]->name, when,
                err.message, told.bytes);
        tell_written(written);
        b->faults++;
        ok = false;
    }
    buf_release(&told);
    arena_release(&arena);
    return ok;
}

static bool carry_over(struct bench *b, const struct batch *batch, struct side *to,
                       const char *when, struct arena *arena, struct written *written)
{
    struct diff diff;
    hg_error err = {0};

    if (sides_compare(arena, &b->one, true, to, true, &diff, &err)
        && write_changes(arena, b->one.model, to->model, &diff, WRITE_ONLINE, written, &err)
        && side_run(&b->one, written, &err) && side_read(&b->one, &err))
        return true;
    fprintf(stderr, "%s: %s: %s: %s\n", batch->pairs[0]->file, batch->pairs[0]->name, when,
            err.message);
    tell_written(written);
    b->faults++;
    return false;
}

/* There and back, as a whole. */
static void try_way(struct bench *b, const struct batch *batch)
{
    struct arena arena = ARENA_INIT;
    struct written up = {0}, down = {0};

    if (carry_over(b, batch, &b->wanted, "up", &arena, &up)
        && expect_same(b, batch, &b->wanted, "after up", &up)
        && expect_same(b, batch, &b->mangled, "against another layout", &up)
        && carry_over(b, batch, &b->two, "down", &arena, &down))
        (void)expect_same(b, batch, &b->two, "after down", &down);
    if (getenv("CORPUS_VERBOSE") != NULL)
        tell_written(&up);
    arena_release(&arena);
}

/* No pair renames anything. */
static bool deny(void *context, const struct rename_question *question)
{
    (void)context;
    (void)question;
    return false;
}

/* The same as steps, each with its own way back; in the databases that are as they were loaded. */
static void try_steps(struct bench *b, const struct batch *batch)
{
    struct arena arena = ARENA_INIT;
    struct hints hints = {0};
    const struct evolve_names names = {.hints = &hints, .ask = deny};
    struct evolution evolution;
    hg_error err = {0};

    if (!side_read(&b->two, &err) || !side_read(&b->wanted, &err)
        || !evolve(&arena, &b->two, &b->wanted, &names, &evolution, &err)) {
        fprintf(stderr, "%s: %s: steps: %s\n", batch->pairs[0]->file, batch->pairs[0]->name,
                err.message);
        b->faults++;
    }
    VEC_RELEASE(&hints.items);
    arena_release(&arena);
}

static void try_batch(struct bench *b, const struct batch *batch)
{
    if (!set_up(b, &b->one, batch, FROM) || !set_up(b, &b->two, batch, FROM)
        || !set_up(b, &b->wanted, batch, TO) || !set_up(b, &b->mangled, batch, TO_MANGLED))
        return;
    try_way(b, batch);
    try_steps(b, batch);
}

/* Whether a pair makes what stands beside schemas: it must be tried alone. */
static bool is_global(const struct pair *pair)
{
    static const char *const words[] = {"CREATE SCHEMA", "CREATE EXTENSION", "public.", NULL};

    for (size_t i = 0; words[i] != NULL; i++)
        if (strstr(pair->from, words[i]) != NULL || strstr(pair->to, words[i]) != NULL)
            return true;
    return false;
}

/* Most pairs at once; alone, one after the other, when they are asked for by name or "": then a
 * fault shows where it comes from. */
static void try_all(struct bench *b, const char *only)
{
    size_t count = b->corpus.pairs.count;
    const struct pair **together = calloc(count, sizeof(const struct pair *));
    struct batch batch = {.pairs = together};

    assert_non_null(together);
    for (size_t i = 0; i < count; i++) {
        const struct pair *pair = &b->corpus.pairs.items[i];

        if (only != NULL && strstr(pair->name, only) == NULL)
            continue;
        if (only != NULL || is_global(pair))
            try_batch(b, &(struct batch){&pair, 1});
        else
            together[batch.count++] = pair;
    }
    if (batch.count > 0)
        try_batch(b, &batch);
    free(together);
}

static void every_pair_holds_what_is_promised(void **state)
{
    struct bench b = {0};
    struct side *const sides[] = {&b.one, &b.two, &b.wanted, &b.mangled};

    (void)state;
    corpus_read(&b.corpus, TEST_SOURCE_DIR "/tests/schema/corpus/postgresql");
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        sides[i]->conn = open_database();
    try_all(&b, getenv("CORPUS_ONLY"));
    fprintf(stderr, "%zu pairs, %d faults\n", b.corpus.pairs.count, b.faults);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        side_release(sides[i]);
        sides[i]->conn->driver->close(sides[i]->conn);
    }
    corpus_release(&b.corpus);
    assert_int_equal(b.faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_holds_what_is_promised),
    };

    return cmocka_run_group_tests(tests, postgres_setup, NULL);
}
