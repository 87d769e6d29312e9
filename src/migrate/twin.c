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
    bool ok;

    for (size_t i = from; i < to; i++)
        buf_printf(&sql, "%s;\n", written->statements[i].sql);
    ok = (!buf_failed(&sql) || no_memory(err)) && bulk_script(conn, sql.bytes, by, err);
    buf_release(&sql);
    return ok;
}

/* The server's word on a statement, in contrast to what becomes of the connection. */
static bool is_verdict(const hg_conn *conn, const hg_error *err)
{
    return err->sqlstate[0] != '\0' && !hg_conn_lost(conn) && err->code != HG_TIMEOUT
           && err->code != HG_CANCELLED;
}

/* The same one by one, without those that fail: what they need may be of a kind that is not
 * modelled, or want a right that the role has not. */
static bool run_what_can_be(struct twin *twin, const struct written *written, size_t from,
                            size_t to, hg_deadline by, hg_error *err)
{
    for (size_t i = from; i < to; i++) {
        hg_error cause = {0};

        if (run_chunk(twin->conn, written, i, i + 1, by, &cause))
            continue;
        if (!is_verdict(twin->conn, &cause)) {
            *err = cause;
            return false;
        }
        if (twin->lacks.code != HG_OK)
            continue;
        hg_error_context(&cause, "%.120s", written->statements[i].sql);
        twin->lacks = cause;
    }
    return true;
}

/* Bodies of functions may name what comes later, and nothing here has to survive a crash. */
static bool build(struct twin *twin, const struct written *written, hg_deadline by, hg_error *err)
{
    static const char opening[] = "SET check_function_bodies = off; SET synchronous_commit = off";
    bool ok = bulk_script(twin->conn, opening, by, err);

    for (size_t i = 0; ok && i < written->count; i += CHUNK) {
        size_t end = i + CHUNK < written->count ? i + CHUNK : written->count;
        hg_error cause = {0};

        ok = run_chunk(twin->conn, written, i, end, by, &cause)
             || run_what_can_be(twin, written, i, end, by, err);
    }
    return ok && bulk_script(twin->conn, "RESET check_function_bodies", by, err);
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

static bool copy_schema(hg_conn *live, struct twin *twin, const struct twin_purpose *purpose,
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
         && build(twin, &written, by, err);
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
              && copy_schema(live, &twin, purpose, by, err);

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
