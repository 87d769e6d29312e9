/*
 * test_corpus_sqlite.c - every pair of the corpus in memory: what is written makes the one
 * schema the other and back, a second comparison finds nothing, comments and layout never matter.
 */
#include "corpus.h"

#include "driver/driver.h"
#include "schema/evolve.h"

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(240000);
}

static hg_conn *open_database(void)
{
    const struct driver_options options = {.may_create = true};
    hg_url *url = NULL;
    hg_conn *conn = NULL;

    assert_true(hg_url_parse("sqlite://", &url, NULL));
    assert_true(driver_sqlite.open(url, &options, soon(), &conn, NULL));
    hg_url_free(url);
    return conn;
}

struct bench {
    struct corpus corpus;
    struct side one, two;
    int faults;
};

enum which { FROM, TO, TO_MANGLED };

static bool load(struct bench *b, struct side *side, const struct pair *pair, enum which which)
{
    const char *sql = which == FROM ? pair->from : pair->to;
    struct side_text text = {.path = pair->file};
    hg_error err = {0};

    text.text = which == TO_MANGLED ? corpus_mangle(&b->corpus, HG_SQLITE, sql) : sql;
    text.size = strlen(text.text);
    if (side_load(side, &text, &err))
        return true;
    fprintf(stderr, "%s: %s: load: %d:%d %s\n", pair->file, pair->name, err.line, err.column,
            err.message);
    b->faults++;
    return false;
}

static bool set_up(struct bench *b, struct side *side, const struct pair *pair, enum which which)
{
    if (side->conn != NULL)
        side->conn->driver->close(side->conn);
    side->conn = open_database();
    side->by = soon();
    return load(b, side, pair, which) && side_read(side, NULL);
}

static void tell_written(const struct written *written)
{
    for (size_t i = 0; i < written->count; i++)
        fprintf(stderr, "    %s\n", written->statements[i].sql);
}

static bool expect_same(struct bench *b, const struct pair *pair, const char *when,
                        const struct written *written)
{
    struct buf told = BUF_INIT(1 << 20);
    struct arena arena = ARENA_INIT;
    struct diff diff;
    hg_error err = {0};
    bool ok = sides_compare(&arena, &b->one, true, &b->two, true, &diff, &err);

    if (!ok || diff.count > 0) {
        for (size_t i = 0; ok && i < diff.count; i++)
            change_tell(&diff.changes[i], &told);
        fprintf(stderr, "%s: %s: %s: %s\n%s", pair->file, pair->name, when, err.message,
                told.bytes);
        tell_written(written);
        b->faults++;
        ok = false;
    }
    buf_release(&told);
    arena_release(&arena);
    return ok;
}

static bool carry_over(struct bench *b, const struct pair *pair, const char *when,
                       struct arena *arena, struct written *written)
{
    struct diff diff;
    hg_error err = {0};

    if (sides_compare(arena, &b->one, true, &b->two, true, &diff, &err)
        && write_changes(arena, b->one.model, b->two.model, &diff, WRITE_ONLINE, written, &err)
        && side_run(&b->one, written, &err) && side_read(&b->one, &err))
        return true;
    fprintf(stderr, "%s: %s: %s: %s\n", pair->file, pair->name, when, err.message);
    tell_written(written);
    b->faults++;
    return false;
}

static void try_pair(struct bench *b, const struct pair *pair)
{
    struct arena arena = ARENA_INIT;
    struct written up = {0}, down = {0};

    if (set_up(b, &b->one, pair, FROM) && set_up(b, &b->two, pair, TO)
        && carry_over(b, pair, "up", &arena, &up) && expect_same(b, pair, "after up", &up)
        && set_up(b, &b->two, pair, TO_MANGLED)
        && expect_same(b, pair, "against another layout", &up) && set_up(b, &b->two, pair, FROM)
        && carry_over(b, pair, "down", &arena, &down))
        (void)expect_same(b, pair, "after down", &down);
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

/* The same as steps, each with its own way back. */
static void try_steps(struct bench *b, const struct pair *pair)
{
    struct arena arena = ARENA_INIT;
    struct hints hints = {0};
    const struct evolve_names names = {.hints = &hints, .ask = deny};
    struct evolution evolution;
    hg_error err = {0};

    if (set_up(b, &b->one, pair, FROM) && set_up(b, &b->two, pair, TO)
        && !evolve(&arena, &b->one, &b->two, &names, &evolution, &err)) {
        fprintf(stderr, "%s: %s: steps: %s\n", pair->file, pair->name, err.message);
        b->faults++;
    }
    VEC_RELEASE(&hints.items);
    arena_release(&arena);
}

static void every_pair_holds_what_is_promised(void **state)
{
    const char *only = getenv("CORPUS_ONLY");
    struct bench b = {0};

    (void)state;
    corpus_read(&b.corpus, TEST_SOURCE_DIR "/tests/schema/corpus/sqlite");
    for (size_t i = 0; i < b.corpus.pairs.count; i++)
        if (only == NULL || strstr(b.corpus.pairs.items[i].name, only) != NULL) {
            try_pair(&b, &b.corpus.pairs.items[i]);
            try_steps(&b, &b.corpus.pairs.items[i]);
        }
    fprintf(stderr, "%zu pairs, %d faults\n", b.corpus.pairs.count, b.faults);
    side_release(&b.one);
    side_release(&b.two);
    b.one.conn->driver->close(b.one.conn);
    b.two.conn->driver->close(b.two.conn);
    corpus_release(&b.corpus);
    assert_int_equal(b.faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_holds_what_is_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
