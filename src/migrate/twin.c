/*
 * twin.c - an empty copy of a database. Must not know what is tried on it.
 *
 * From the catalogs and not from the migration files: it costs what the schema is large and not
 * what its history is long, has no rows to load, and is the database as it is, with what somebody
 * made by hand.
 */
#include "twin.h"

#include "base/arena.h"
#include "base/buf.h"
#include "cut.h"
#include "driver/bulk.h"
#include "schema/read.h"
#include "schema/scratch.h"
#include "schema/write.h"

enum {
    CONNECT_MS = 30 * 1000,
    CHUNK = 50,       /* statements in a transaction: the locks of all sessions share one room */
    WHOLE_MAX = 1000, /* objects, of which a table has some ten */
    PART_MAX = 20000,
    CHUNK_LIMIT = 64 << 20
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not copy the schema: out of memory");
}

/* --- the schema as it is --- */

static bool read_live(hg_conn *live, hg_deadline by, struct model **out_model, hg_error *err)
{
    static const char opening[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                                  " SET LOCAL lock_timeout = '1s'";
    bool ok = bulk_script(live, opening, by, err) && schema_read(live, NULL, by, out_model, err);

    if (hg_conn_in_transaction(live))
        ok = hg_conn_rollback(live, by, ok ? err : NULL) && ok;
    return ok;
}

static struct model *empty_like(const struct model *model)
{
    struct model_maker maker = {
        .model = model_new(model->driver, model->version, model->default_schema)};

    if (maker.model != NULL && !model_finish(&maker, NULL)) {
        model_free(maker.model);
        maker.model = NULL;
    }
    return maker.model;
}

/* --- the same without rows --- */

/* Statements from..to in one round trip and one transaction. */
static bool run_chunk(hg_conn *conn, const struct written *written, size_t from, size_t to,
                      hg_deadline by, hg_error *err)
{
    struct buf sql = BUF_INIT(CHUNK_LIMIT);
    size_t done = 0;
    bool ok;

    for (size_t i = from; i < to; i++)
        buf_printf(&sql, "%s;\n", written->statements[i].sql);
    ok = !buf_failed(&sql) || no_memory(err);
    if (ok && !bulk_script_counted(conn, sql.bytes, by, &done, err)) {
        ok = false;
        if (from + done < to)
            hg_error_context(err, "%.120s", written->statements[from + done].sql);
    }
    buf_release(&sql);
    return ok;
}

/* Bodies of functions may name what comes later, and nothing here has to survive a crash. */
static bool build(hg_conn *conn, const struct written *written, hg_deadline by, hg_error *err)
{
    static const char opening[] = "SET check_function_bodies = off; SET synchronous_commit = off";
    bool ok = bulk_script(conn, opening, by, err);

    for (size_t i = 0; ok && i < written->count; i += CHUNK)
        ok = run_chunk(conn, written, i, i + CHUNK < written->count ? i + CHUNK : written->count,
                       by, err);
    return ok && bulk_script(conn, "RESET check_function_bodies", by, err);
}

/* Leaves out of what has to be made what the purpose needs not. */
static bool cut(struct arena *arena, const struct model *model, const struct twin_purpose *purpose,
                struct diff *diff, hg_error *err)
{
    const bool *kept;
    size_t count = 0;

    if (model->count <= WHOLE_MAX)
        return true;
    kept = cut_make(arena, model, purpose->scripts, purpose->script_count);
    if (kept == NULL)
        return no_memory(err);
    for (size_t i = 0; i < diff->count; i++)
        if (kept[diff->changes[i].to - model->objects])
            diff->changes[count++] = diff->changes[i];
    diff->count = count;
    return count <= PART_MAX
           || hg_fail(err, HG_UNSUPPORTED, "the schema has %zu objects: too many to be copied",
                      count);
}

static bool copy_schema(hg_conn *live, hg_conn *conn, const struct twin_purpose *purpose,
                        hg_deadline by, hg_error *err)
{
    struct arena arena = ARENA_INIT;
    struct model *model = NULL, *empty = NULL;
    struct written written;
    struct diff diff;
    bool ok = read_live(live, by, &model, err);

    if (ok) {
        empty = empty_like(model);
        ok = (empty != NULL && diff_make(&arena, empty, model, false, &diff)) || no_memory(err);
    }
    ok = ok && cut(&arena, model, purpose, &diff, err)
         && write_changes(&arena, empty, model, &diff, WRITE_DUMP, &written, err)
         && build(conn, &written, by, err);
    model_free(empty);
    model_free(model);
    arena_release(&arena);
    return ok;
}

bool twin_open(hg_pool *home, hg_conn *live, const struct twin_purpose *purpose, hg_deadline by,
               struct twin *out_twin, hg_error *err)
{
    const struct scratch_options options = {.url = hg_pool_url(home),
                                            .settings = {.timeout_ms = hg_deadline_left_ms(by),
                                                         .recycle_ms = -1,
                                                         .connect_timeout_ms = CONNECT_MS},
                                            .own_database = true};
    struct twin twin = {0};
    bool ok = scratch_open(&options, by, &twin.scratch, err)
              && scratch_take(twin.scratch, by, &twin.conn, err)
              && copy_schema(live, twin.conn, purpose, by, err);

    if (ok)
        *out_twin = twin;
    else
        twin_close(&twin);
    return ok;
}

void twin_close(struct twin *twin)
{
    if (twin->conn != NULL)
        scratch_give(twin->scratch, twin->conn);
    scratch_close(twin->scratch);
    *twin = (struct twin){0};
}
