/*
 * plan_measure.c - tries a plan's statements on an empty copy of the schema.
 */
#include "plan_measure.h"

#include <string.h>

#include "base/clock.h"
#include "driver/bulk.h"
#include "guc.h"
#include "measure.h"
#include "progress.h"
#include "sql/words.h"
#include "twin.h"

enum { MEASURE_MS = 60 * 1000, ROWS_MAX = 300 /* statements on rows: their locks are alike */ };

struct measurer {
    struct prepared *p;
    const hg_observer *observer;
    struct twin twin;
    hg_deadline by;
    struct snapshot first, now;
    struct guc guc;
    size_t rows_tried;
    const char *lack; /* what the copy lacks; NULL: nothing that is known */
    bool over;        /* nothing more can be tried */
};

struct trial {
    struct measurer *m;
    const struct script_statement *statement;
    const struct classified *class;
    struct assess_trial *out;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not measure the plan: out of memory");
}

static void words_of(const struct trial *t, struct words *w)
{
    words_init(w, HG_POSTGRESQL, t->statement->sql, t->statement->size);
}

static bool no_trial(const struct trial *t, const char *why)
{
    t->out->unmeasured = why;
    return why != NULL;
}

static bool fall_behind(const struct trial *t, const char *why)
{
    t->m->lack = "an earlier statement could not be tried";
    return no_trial(t, why);
}

static const char *failure(const struct trial *t, const hg_error *cause)
{
    t->m->over =
        hg_conn_lost(t->m->twin.conn) || cause->code == HG_TIMEOUT || cause->code == HG_CANCELLED;
    return arena_printf(&t->m->p->arena, "it fails on an empty copy of the schema: %s",
                        cause->message);
}

static bool fail(const struct trial *t, const hg_error *cause)
{
    return fall_behind(t, failure(t, cause));
}

/* --- what is not tried --- */

static const char alone[] = "no transaction can hold it";

/* There is nothing to measure. */
static bool try_none(const struct trial *t)
{
    return no_trial(t, "");
}

static bool try_not_alone(const struct trial *t)
{
    return no_trial(t, alone);
}

static bool try_not_beyond(const struct trial *t)
{
    return no_trial(t, "it reaches beyond the database, and is not tried");
}

static bool try_no_code(const struct trial *t)
{
    return fall_behind(t, "it runs code, which is not tried");
}

/* Who owns what, and in which tablespace it lies, is not copied. */
static bool try_not_known(const struct trial *t)
{
    return fall_behind(t, "it depends on owners or tablespaces, which are not copied");
}

static bool try_no_query(const struct trial *t)
{
    return no_trial(t, "it runs a query, which is not tried");
}

static bool try_unknown(const struct trial *t)
{
    return fall_behind(t, "it is not understood, and not tried");
}

/* --- what was seen --- */

static struct assess_seen seen_of(const struct measurer *m, const struct measured_table *t)
{
    const struct measured_relation *first = snapshot_find(&m->first, t->relation->oid);

    return (struct assess_seen){.name = first == NULL ? t->relation->name : first->name,
                                .now = t->relation->name,
                                .lock = t->lock,
                                .created = first == NULL,
                                .rows = strchr("rpm", t->relation->kind) != NULL,
                                .scan = t->scan,
                                .rewrite = t->rewrite,
                                .index_build = t->index_build,
                                .gone = t->gone};
}

static bool fill(const struct trial *t, const struct measured *measured, bool work)
{
    struct arena *arena = &t->m->p->arena;
    struct assess_trial *out = t->out;

    out->seen = arena_alloc(arena, measured->count + 1, sizeof *out->seen);
    if (out->seen == NULL)
        return false;
    for (size_t i = 0; i < measured->count; i++)
        out->seen[i] = seen_of(t->m, &measured->tables[i]);
    out->count = measured->count;
    out->locks = true;
    out->work = work;
    return true;
}

/* --- trying --- */

static bool execute(const struct trial *t, const char *sql, hg_error *err)
{
    return hg_conn_execute(t->m->twin.conn, sql, NULL, 0, t->m->by, NULL, err);
}

static bool run_plainly(const struct trial *t, hg_error *err)
{
    return execute(t, t->statement->sql, err);
}

/* The planner takes the locks that the statement would; nothing is carried out. */
static bool run_explain(const struct trial *t, hg_error *err)
{
    const char *sql = arena_printf(&t->m->p->arena, "EXPLAIN %s", t->statement->sql);

    return sql == NULL ? no_memory(err) : execute(t, sql, err);
}

/* Without its rows. */
static bool run_copy(const struct trial *t, hg_error *err)
{
    hg_conn *conn = t->m->twin.conn;

    return bulk_copy_in(conn, t->statement->sql, t->m->by, err)
           && bulk_copy_end(conn, NULL, t->m->by, NULL, err);
}

/* CREATE TABLE AS and CREATE MATERIALIZED VIEW without what their query may do. */
static bool run_empty(const struct trial *t, hg_error *err)
{
    const char *sql = arena_printf(&t->m->p->arena, "%s\nWITH NO DATA", t->statement->sql);

    return sql == NULL ? no_memory(err) : execute(t, sql, err);
}

/* In a transaction of its own, whose locks are read before it ends. */
static bool observe(const struct trial *t, bool (*run)(const struct trial *t, hg_error *err),
                    struct measured *out, hg_error *err)
{
    struct measurer *m = t->m;
    hg_conn *conn = m->twin.conn;
    bool ok = hg_conn_begin(conn, m->by, err) && measure_begin(conn, m->by, &m->now, err)
              && run(t, err) && measure_end(conn, &m->p->arena, &m->now, m->by, out, err);

    if (ok && !out->shared)
        ok = hg_conn_commit(conn, m->by, err);
    if (hg_conn_in_transaction(conn))
        (void)hg_conn_rollback(conn, m->by, NULL);
    if (!ok)
        snapshot_release(&out->after);
    return ok;
}

static void advance(struct measurer *m, struct measured *measured)
{
    snapshot_release(&m->now);
    m->now = measured->after;
}

static bool is_refused_in_transaction(const hg_error *err)
{
    return strcmp(err->sqlstate, "25001") == 0;
}

static bool try_as(const struct trial *t, bool (*run)(const struct trial *t, hg_error *err))
{
    struct measured measured = {0};
    hg_error cause = {0};
    bool ok;

    if (!observe(t, run, &measured, &cause))
        return is_refused_in_transaction(&cause) ? no_trial(t, alone) : fail(t, &cause);
    if (measured.shared) {
        snapshot_release(&measured.after);
        return fall_behind(t, "it changes what all databases of the server share");
    }
    ok = fill(t, &measured, true);
    advance(t->m, &measured);
    return ok;
}

/* What changes the schema. */
static bool try_schema(const struct trial *t)
{
    return try_as(t, run_plainly);
}

/* What fills a table or view with what a query says. */
static bool try_filling(const struct trial *t)
{
    struct words w;

    words_of(t, &w);
    if (!words_take(&w, "create")) /* SELECT ... INTO */
        return fall_behind(t, "it runs a query, which is not tried");
    return try_as(t, words_ahead(&w, "with no data") ? run_plainly : run_empty);
}

static bool try_copy(const struct trial *t)
{
    if (t->statement->kind != HEAD_COPY_ROWS)
        return try_not_beyond(t);
    return try_as(t, run_copy);
}

/* What changes rows alone, of which there are none. */
static bool try_rows(const struct trial *t)
{
    struct measured measured = {0};
    hg_error cause = {0};
    bool ok;

    if (t->m->rows_tried++ >= ROWS_MAX)
        return no_trial(t, "many statements before it change rows, too");
    if (!observe(t, run_explain, &measured, &cause))
        return no_trial(t, failure(t, &cause));
    ok = fill(t, &measured, false);
    advance(t->m, &measured);
    return ok;
}

/* What no transaction can hold is carried out for those behind it; its locks are gone when it is.
 */
static bool try_alone(const struct trial *t)
{
    struct measurer *m = t->m;
    struct snapshot now = {0};
    hg_error cause = {0};

    if (!run_plainly(t, &cause) || !measure_look(m->twin.conn, &m->p->arena, m->by, &now, &cause))
        return fail(t, &cause);
    snapshot_release(&m->now);
    m->now = now;
    return no_trial(t, alone);
}

/* --- the session --- */

/* What SET sets beside settings. Who runs a statement says nothing about its locks, and another
 * role has no rights in the copy. */
static bool is_no_setting(struct words *w)
{
    static const char *const words[] = {"role", "authorization", "characteristics", "constraints",
                                        "transaction"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words_take(w, words[i]))
            return true;
    return false;
}

/* SET is for the statements behind it, also where it is for the transaction: here each has its own.
 */
static bool try_setting(const struct trial *t)
{
    hg_error cause = {0};
    const char *sql;
    struct words w;

    words_of(t, &w);
    if (!words_take(&w, "set"))
        return try_none(t);
    if (!words_take(&w, "local"))
        words_take(&w, "session");
    if (is_no_setting(&w))
        return try_none(t);
    sql = arena_printf(&t->m->p->arena, "SET %s", t->statement->sql + w.token.offset);
    if (sql == NULL)
        return false;
    return execute(t, sql, &cause) ? try_none(t) : fail(t, &cause);
}

/* Whether set_config() is the one function that it calls. */
static bool sets_alone(const struct trial *t)
{
    bool sets = false, before_is_set = false, before_is_word = false;
    struct words w;

    for (words_of(t, &w); w.token.kind != LEX_END; words_next(&w)) {
        const char *at = w.text + w.token.offset;

        if (*at == '(' && before_is_word && !before_is_set)
            return false;
        before_is_word = w.token.kind == LEX_WORD || w.token.kind == LEX_QUOTED;
        before_is_set = lex_is(at, w.token.size, "set_config");
        sets = sets || before_is_set;
    }
    return sets;
}

static bool try_select(const struct trial *t)
{
    hg_error cause = {0};

    if (!sets_alone(t))
        return try_rows(t);
    return run_plainly(t, &cause) ? try_none(t) : fail(t, &cause);
}

/* A subscription is a connection to another server. */
static bool try_other(const struct trial *t)
{
    struct words w;

    words_of(t, &w);
    if (words_take(&w, "reassign"))
        return try_not_known(t);
    words_next(&w);
    return words_take(&w, "subscription") ? try_not_beyond(t) : try_schema(t);
}

/* ALTER TABLE ALL IN TABLESPACE names no table at all. */
static bool try_alter(const struct trial *t)
{
    struct words w;

    words_of(t, &w);
    return words_ahead(&w, "all in tablespace") ? try_not_known(t) : try_schema(t);
}

/* --- one statement --- */

/* Whatever is not here changes the schema and nothing else. */
static const struct {
    enum form_id form;
    bool (*attempt)(const struct trial *trial);
} ways[] = {
    {FORM_UNKNOWN, try_unknown},
    {FORM_CODE, try_no_code},
    {FORM_CREATE_TABLE_AS, try_filling},
    {FORM_CREATE_MATVIEW, try_filling},
    {FORM_REFRESH, try_no_query},
    {FORM_REFRESH_CONCURRENTLY, try_no_query},
    {FORM_CREATE_OTHER, try_other},
    {FORM_ALTER_OTHER, try_other},
    {FORM_DROP_OTHER, try_other},
    {FORM_ALTER_TABLE_OTHER, try_alter},
    {FORM_SET_TABLESPACE, try_not_known},
    {FORM_DROP_OWNED, try_not_known},
    {FORM_SELECT, try_select},
    {FORM_SELECT_FOR, try_rows},
    {FORM_INSERT, try_rows},
    {FORM_UPDATE, try_rows},
    {FORM_UPDATE_ALL, try_rows},
    {FORM_DELETE, try_rows},
    {FORM_DELETE_ALL, try_rows},
    {FORM_MERGE, try_rows},
    {FORM_COPY_FROM, try_copy},
    {FORM_COPY_TO, try_not_beyond},
    {FORM_VACUUM, try_not_alone},
    {FORM_VACUUM_FULL, try_not_alone},
    {FORM_REINDEX_DATABASE, try_not_alone},
    {FORM_DATABASE, try_not_beyond},
    {FORM_DROP_DATABASE, try_not_beyond},
    {FORM_TRANSACTION, try_none},
    {FORM_SESSION, try_setting},
    {FORM_CREATE_INDEX_CONCURRENTLY, try_alone},
    {FORM_CREATE_INDEX_CONCURRENTLY_IF, try_alone},
    {FORM_DROP_INDEX_CONCURRENTLY, try_alone},
    {FORM_REINDEX_CONCURRENTLY, try_alone},
    {FORM_DETACH_PARTITION_CONCURRENTLY, try_alone},
};

static bool attempt(const struct trial *t)
{
    enum form_id form = t->class->uses[0].form;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].form == form)
            return ways[i].attempt(t);
    return try_schema(t);
}

/* What is seen where the copy lacks something is true, but may not be all. */
static bool doubt(const struct trial *t, const char *lack)
{
    t->out->partial = t->out->locks;
    if (!t->out->locks)
        return no_trial(t, t->out->unmeasured[0] == '\0' ? "" : lack);
    return no_trial(t, arena_printf(&t->m->p->arena,
                                    "%s: what was seen counts beside the table of forms", lack));
}

static bool try_statement(const struct trial *t, hg_error *err)
{
    const char *lack = t->m->lack;

    t->out->unmeasured = "";
    if (t->m->over)
        return no_trial(t, "the time was over, or the connection lost");
    return (attempt(t) && (lack == NULL || doubt(t, lack))) || no_memory(err);
}

static bool try_step(struct measurer *m, struct assess_step *step, hg_error *err)
{
    const struct script *script = step->script;

    step->trials = arena_alloc(&m->p->arena, script->count + 1, sizeof *step->trials);
    if (step->trials == NULL)
        return no_memory(err);
    for (size_t i = 0; i < script->count; i++) {
        const struct trial t = {m, &script->statements[i], &step->classes[i], &step->trials[i]};

        if (!try_statement(&t, err))
            return false;
    }
    if (!m->over && guc_may_change(HG_POSTGRESQL, script))
        m->over = !guc_restore(&m->guc, m->twin.conn, m->by, NULL);
    return true;
}

/* --- all of them --- */

static bool note_lack(struct measurer *m, hg_error *err)
{
    if (m->twin.lacks.code == HG_OK)
        return true;
    m->lack = "part of the schema could not be copied";
    m->p->plan.unmeasured = arena_printf(&m->p->arena, "%s: %s", m->lack, m->twin.lacks.message);
    return m->p->plan.unmeasured != NULL || no_memory(err);
}

/* Scans that nobody counts cannot be seen. */
static bool check_counters(const struct measurer *m, hg_error *err)
{
    hg_rows *rows = NULL;
    bool ok = hg_conn_query(m->twin.conn, "SELECT current_setting('track_counts')::bool::int::int8",
                            NULL, 0, m->by, &rows, err)
              && hg_rows_next(rows, m->by, err) == HG_ROW;
    bool on = ok && hg_rows_integer(rows, 0) == 1;

    hg_rows_close(rows);
    return !ok || on || hg_fail(err, HG_UNSUPPORTED, "the server does not count (track_counts)");
}

/* A scratch database is known by a lock of the session that made it, and a pooler would keep
 * connections to it. */
static bool check_no_pooler(const hg_conn *conn, hg_error *err)
{
    return hg_conn_backend_pid(conn) != 0
           || hg_fail(err, HG_UNSUPPORTED,
                      "a pooler stands between here and the server, and a scratch database wants "
                      "the URL of the server itself");
}

static bool open_twin(struct measurer *m, hg_pool *pool, hg_conn *conn, hg_error *err)
{
    const struct twin_purpose purpose = {m->p->scripts, m->p->script_count};

    if (!check_no_pooler(conn, err) || !twin_open(pool, conn, &purpose, m->by, &m->twin, err))
        return false;
    if (m->observer != NULL)
        hg_conn_set_interrupt(m->twin.conn, m->observer->cancelled, m->observer->context);
    return check_counters(m, err) && guc_remember(&m->guc, m->twin.conn, m->by, err)
           && measure_look(m->twin.conn, &m->p->arena, m->by, &m->first, err)
           && measure_look(m->twin.conn, &m->p->arena, m->by, &m->now, err);
}

static bool try_all(struct measurer *m, struct assess_step *steps, hg_error *err)
{
    if (!note_lack(m, err))
        return false;
    for (size_t i = 0; i < m->p->script_count; i++)
        if (!try_step(m, &steps[i], err))
            return false;
    return true;
}

bool plan_measure(hg_pool *pool, hg_conn *conn, struct prepared *p, struct assess_step *steps,
                  const hg_observer *observer, hg_deadline by, hg_error *err)
{
    int64_t left_ms = hg_deadline_left_ms(by) / 2;
    struct measurer m = {.p = p,
                         .observer = observer,
                         .by = hg_deadline_in_ms(left_ms < MEASURE_MS ? left_ms : MEASURE_MS),
                         .guc = GUC_INIT};
    int64_t begun = clock_now_ns();
    hg_error cause = {0};
    bool ok = true;

    if (open_twin(&m, pool, conn, &cause)) {
        ok = try_all(&m, steps, err);
        p->plan.measured_ms = clock_since_ms(begun);
    } else {
        p->plan.unmeasured = arena_text(&p->arena, cause.message);
        ok = p->plan.unmeasured != NULL || no_memory(err);
    }
    snapshot_release(&m.first);
    snapshot_release(&m.now);
    guc_release(&m.guc);
    if (m.twin.conn != NULL)
        hg_conn_set_interrupt(m.twin.conn, NULL, NULL);
    twin_close(&m.twin);
    return ok && (!progress_cancelled(observer) || hg_fail(err, HG_CANCELLED, "interrupted"));
}
