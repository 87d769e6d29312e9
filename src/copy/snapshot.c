/*
 * snapshot.c - several readers at one and the same moment of a database that others write to.
 *
 * SQLite can share a snapshot between connections only where it was built for it. But a connection
 * that stands outside of any transaction is told by data_version whether somebody has committed
 * since it last looked: when nobody has between the first reader's begin and the last one's, all
 * see the same. Otherwise they begin anew. Nobody is blocked, and nothing is written, not even a
 * lock taken that a writer would have to wait for.
 */
#include "run.h"

#include "ask.h"
#include "base/clock.h"

enum { PATIENCE_MS = 10000 };

static bool data_version(struct run *run, int64_t *out, hg_error *err)
{
    return ask_integer(run->from, "PRAGMA data_version", NULL, 0, copy_soon(), out, err);
}

/* A transaction begins to see with its first read. */
static bool begin_reading(struct run *run, hg_error *err)
{
    for (int i = 0; i < run->crew.size; i++) {
        hg_conn *conn = run->crew.hands[i].source;
        int64_t ignored;

        if (!hg_conn_rollback(conn, copy_soon(), err) || !hg_conn_begin(conn, copy_soon(), err)
            || !ask_integer(conn, "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)",
                            NULL, 0, copy_soon(), &ignored, err))
            return false;
    }
    return true;
}

static bool fail_restless(hg_error *err)
{
    hg_fail(err, HG_LOCKED,
            "could not read the source as of one moment: somebody commits all the time");
    hg_error_hint(err, "Copy with --jobs 1, which needs one reader alone, or when it is calmer.");
    return false;
}

/* out_pages: NULL: they are not wanted. */
static bool take(struct run *run, struct bulk_pages **out_pages, hg_error *err)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    int64_t before = 0, after = 1;

    while (before != after && hg_deadline_left_ms(by) > 0) {
        if (out_pages != NULL) {
            bulk_pages_close(*out_pages);
            *out_pages = NULL;
        }
        run->moment_ns = clock_now_ns();
        if (!data_version(run, &before, err) || !begin_reading(run, err)
            || (out_pages != NULL && !bulk_pages_open(run->crew.hands[0].source, out_pages, err))
            || !data_version(run, &after, err)) {
            hg_error_context(err, "source");
            return false;
        }
    }
    return before == after || fail_restless(err);
}

bool snapshot_take(struct run *run, hg_error *err)
{
    return take(run, NULL, err);
}

bool snapshot_pages(struct run *run, struct bulk_pages **out_pages, hg_error *err)
{
    return take(run, out_pages, err);
}
