/*
 * action_data.c - the rows: rehearsed, copied, compared.
 *
 * The copy is taken from the run's snapshot, which lies where no deployment removes it; compared is
 * the source itself, frozen, so that the snapshot need not be believed.
 */
#include <headgate/copy.h>
#include <headgate/migrate.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "base/buf.h"
#include "base/clock.h"
#include "schema/scratch.h"
#include "world.h"

enum { SQL_LIMIT = 1 << 20, NAME_ROOM = 512, LEAST_BUDGET_MS = 30000, STEADY_MS = 20000 };

/* --- one copy --- */

static int64_t rate(void *context)
{
    const struct world *w = context;

    return atomic_load(&w->rate);
}

static bool run_copy(struct world *w, hg_copy_mode mode, bool resume, hg_pool *from, hg_pool *to,
                     hg_copy_result **out, hg_error *err)
{
    hg_copy_options options = hg_copy_options_default();
    const hg_observer observer = world_observer(w);

    options.mode = mode;
    options.resume = resume;
    options.rate = rate;
    options.rate_context = w;
    return hg_copy(from, to, &options, &observer, out, err);
}

/* What a copy has shown, table by table: a certificate, when it is of a comparison. */
static void tell(const hg_copy_result *result, json_t *facts)
{
    json_t *tables = json_array();

    for (size_t i = 0; i < result->table_count; i++) {
        const hg_copy_table *t = &result->tables[i];

        json_array_append_new(tables,
                              json_pack("{s:s, s:I, s:s, s:b}", "table", t->table, "rows",
                                        (json_int_t)t->rows_read, "digest", t->source_digest,
                                        "equal", (int)(t->compared && t->match)));
    }
    json_object_set_new(facts, "tables", tables);
    json_object_set_new(facts, "rows", json_integer((json_int_t)result->rows));
    json_object_set_new(facts, "bytes", json_integer((json_int_t)result->bytes));
}

/* --- rehearse --- */

int64_t data_budget_ms(double took_ms)
{
    int64_t budget_ms = (int64_t)(2 * took_ms) + STEADY_MS;

    return budget_ms < LEAST_BUDGET_MS ? LEAST_BUDGET_MS : budget_ms;
}

static bool fill_scratch(struct world *w, const char *name, const char *file, json_t *facts,
                         hg_error *err)
{
    hg_migrate_options migrate =
        hg_migrate_options_default(hg_settings_migrations_dir(w->target_settings));
    const hg_observer observer = world_observer(w);
    hg_run_result migrated = {0};
    hg_copy_result *result = NULL;
    hg_pool *to = NULL, *from = NULL;
    int64_t began_ns = clock_now_ns();
    double ms;
    bool ok = world_open_database(w, name, &to, err) && world_open_file(w, file, &from, err)
              && hg_migrate_run(to, &migrate, &observer, &migrated, err)
              && run_copy(w, HG_COPY_RUN, false, from, to, &result, err);

    if (ok) {
        ms = clock_since_ms(began_ns);
        tell(result, facts);
        json_object_set_new(facts, "copy_ms", json_integer((json_int_t)ms));
        w->budget_ms = data_budget_ms(ms);
        json_object_set_new(facts, "budget_ms", json_integer((json_int_t)w->budget_ms));
    }
    hg_copy_result_free(result);
    hg_run_result_release(&migrated);
    world_close_pool(from);
    world_close_pool(to);
    return ok;
}

/* Everything that the freeze will have to wait for, while nobody waits. */
bool rehearse_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    const struct scratch_options options = {
        .url = hg_settings_url(w->target_settings),
        .settings = hg_pool_settings_for_tool(hg_settings_pool(w->target_settings)),
        .own_database = true,
    };
    struct scratch *scratch = NULL;
    char file[WORLD_PATH];
    bool ok = world_path(w, "rehearsal.db", file, err) && world_backup(w, file, err)
              && scratch_open(&options, world_soon(), &scratch, err)
              && fill_scratch(w, scratch_name(scratch), file, facts, err);

    (void)step;
    scratch_close(scratch);
    unlink(file);
    return ok;
}

/* --- copy --- */

static bool open_snapshot(struct world *w, hg_pool **out, hg_error *err)
{
    char path[WORLD_PATH];

    return world_path(w, "source.db", path, err) && world_open_file(w, path, out, err);
}

static bool copy_is_unfinished(struct world *w, bool *out, hg_error *err)
{
    int64_t there = 0;

    if (!world_ask(w->target, "SELECT to_regclass('headgate_copy') IS NOT NULL", world_soon(),
                   &there, err))
        return false;
    *out = there != 0;
    return true;
}

/* Whether both sides are equal; false with err->code HG_OK: they are not. */
static bool is_equal(struct world *w, hg_pool *from, json_t *facts, hg_error *err)
{
    hg_copy_result *result = NULL;
    bool ok = run_copy(w, HG_COPY_VERIFY, false, from, w->target, &result, err);

    if (ok && facts != NULL)
        tell(result, facts);
    hg_copy_result_free(result);
    return ok;
}

enum probe copy_probe(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    hg_pool *from = NULL;
    hg_error why = {0};
    bool unfinished = false, equal;

    (void)step;
    if (!copy_is_unfinished(w, &unfinished, err))
        return PROBE_FAILED;
    if (unfinished)
        return PROBE_PARTLY;
    if (!open_snapshot(w, &from, err))
        return PROBE_FAILED;
    equal = is_equal(w, from, NULL, &why);
    world_close_pool(from);
    if (equal)
        return PROBE_DONE;
    if (why.code == HG_FAILED)
        return PROBE_NOT_DONE;
    if (err != NULL)
        *err = why;
    return PROBE_FAILED;
}

/* The names of the application's tables. */
static json_t *list_tables(hg_pool *from, hg_error *err)
{
    static const char sql[] =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE "
        "'\\' AND name NOT LIKE 'headgate\\_%' ESCAPE '\\' AND lower(name) <> 'alembic_version'";
    hg_deadline by = world_soon();
    json_t *list = NULL;
    hg_conn *conn = NULL;
    hg_rows *rows = NULL;
    hg_step step;

    if (!hg_pool_checkout(from, "cutover", by, &conn, err))
        return NULL;
    if (hg_conn_query(conn, sql, NULL, 0, by, &rows, err)) {
        list = json_array();
        while ((step = hg_rows_next(rows, by, err)) == HG_ROW)
            json_array_append_new(list, json_string(hg_rows_text(rows, 0)));
        if (step == HG_ERROR) {
            json_decref(list);
            list = NULL;
        }
        hg_rows_close(rows);
    }
    hg_pool_return(from, conn);
    return list;
}

bool data_is_empty(struct world *w, const char *table, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_LIMIT);
    char name[NAME_ROOM];
    int64_t rows = 0;
    bool ok;

    hg_quote_identifier(table, name, sizeof name);
    buf_printf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %s LIMIT 1) t", name);
    ok = world_ask(w->target, sql.bytes, world_soon(), &rows, err);
    buf_release(&sql);
    if (ok && rows > 0) {
        hg_fail(err, HG_REFUSED, "the target's table \"%s\" has rows already", table);
        hg_error_hint(err, "A cutover fills empty tables only: see to them, then resume.");
    }
    return ok && rows == 0;
}

/* Writes down which tables were empty before anything is put into them: an abort may empty these,
 * and no others. */
static bool claim_tables(struct world *w, const struct step *step, hg_pool *from, hg_error *err)
{
    json_t *list;
    size_t i;
    json_t *table;
    bool ok = true;

    if (journal_last(w->journal, step->id, JOURNAL_EFFECT) != NULL)
        return true;
    list = list_tables(from, err);
    if (list == NULL)
        return false;
    json_array_foreach(list, i, table) ok = ok && data_is_empty(w, json_string_value(table), err);
    if (ok)
        return journal_append(w->journal, step->id, JOURNAL_EFFECT,
                              json_pack("{s:o}", "tables", list), err);
    json_decref(list);
    return false;
}

bool copy_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;
    hg_copy_result *result = NULL;
    hg_pool *from = NULL;
    bool unfinished = false;
    bool ok = open_snapshot(w, &from, err) && claim_tables(w, step, from, err)
              && copy_is_unfinished(w, &unfinished, err)
              && run_copy(w, HG_COPY_RUN, unfinished, from, w->target, &result, err);

    if (ok)
        tell(result, facts);
    hg_copy_result_free(result);
    world_close_pool(from);
    return ok;
}

static void put_tables(struct buf *sql, const json_t *tables)
{
    char name[NAME_ROOM];
    size_t i;
    json_t *table;

    json_array_foreach(tables, i, table)
    {
        hg_quote_identifier(json_string_value(table), name, sizeof name);
        buf_printf(sql, "%s%s", i == 0 ? "" : ", ", name);
    }
}

static bool empty_tables(struct world *w, const json_t *tables, hg_error *err)
{
    struct buf sql = BUF_INIT(SQL_LIMIT);
    hg_deadline by = world_soon();
    hg_conn *conn = NULL;
    bool ok;

    if (json_array_size(tables) == 0)
        return true;
    buf_text(&sql, "TRUNCATE ");
    put_tables(&sql, tables);
    ok = !buf_failed(&sql) || hg_fail(err, HG_NOMEM, "could not write a statement: out of memory");
    if (ok && (ok = hg_pool_checkout(w->target, "cutover", by, &conn, err))) {
        ok = hg_conn_execute(conn, sql.bytes, NULL, 0, by, NULL, err);
        hg_pool_return(w->target, conn);
    }
    buf_release(&sql);
    return ok;
}

/* An unfinished copy has put triggers and keys of the target aside: they are put back. */
static bool give_up_copy(struct world *w, hg_error *err)
{
    hg_copy_result *result = NULL;
    bool unfinished = false, ok = copy_is_unfinished(w, &unfinished, err);

    if (ok && unfinished)
        ok = run_copy(w, HG_COPY_ABANDON, false, NULL, w->target, &result, err);
    hg_copy_result_free(result);
    return ok;
}

bool copy_undo(void *world, const struct step *step, hg_error *err)
{
    struct world *w = world;
    const struct journal_record *claim = journal_last(w->journal, step->id, JOURNAL_EFFECT);

    return claim == NULL
           || (give_up_copy(w, err)
               && empty_tables(w, json_object_get(claim->data, "tables"), err));
}

/* --- verify --- */

bool verify_apply(void *world, const struct step *step, json_t *facts, hg_error *err)
{
    struct world *w = world;

    (void)step;
    return is_equal(w, w->reader, facts, err);
}
