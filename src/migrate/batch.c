/*
 * batch.c - steps on PostgreSQL, in as few round trips as can be.
 *
 * A statement that may answer with rows, or with a COPY, goes alone.
 */
#include "batch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "driver/bulk.h"

enum {
    SCRIPT_LIMIT = 1 << 30,
    NAME_SIZE = 64, /* as the server keeps it */
    WORTH_PREPARING = 4,
    SMALL = 16 * 1024, /* bytes of a statement that may travel with others */
    QUICK_MS = 20      /* nobody misses to be told what happens in between */
};

static hg_deadline soon(void)
{
    return hg_deadline_in_ms(RUN_QUERY_MS);
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not run the migration: out of memory");
}

void batch_init(struct batch *b, struct run *run)
{
    *b = (struct batch){.run = run, .sql = BUF_INIT(SCRIPT_LIMIT), .room = 1};
    batch_restored(b);
}

void batch_release(struct batch *b)
{
    buf_release(&b->sql);
}

/* --- whether the ledger's statement is prepared --- */

bool batch_prepare(struct run *run, hg_error *err)
{
    struct buf sql = BUF_INIT(64 * 1024);
    bool ok = true;

    if (run->prepared->driver == HG_POSTGRESQL
        && run->prepared->decided.step_count >= WORTH_PREPARING) {
        ok = (ledger_prepare(&sql, &run->prepared->place, &run->author) || no_memory(err))
             && bulk_script(run->conn, sql.bytes, soon(), err);
        if (ok)
            run->ledger = RUN_LEDGER_PREPARED;
    }
    buf_release(&sql);
    return ok;
}

void batch_doubt(struct run *run)
{
    if (run->ledger == RUN_LEDGER_PREPARED)
        run->ledger = RUN_LEDGER_PERHAPS;
}

static bool ask_prepared(struct run *run, hg_error *err)
{
    hg_rows *rows = NULL;
    hg_step step = HG_ERROR;

    if (run->ledger != RUN_LEDGER_PERHAPS)
        return true;
    if (hg_conn_query(run->conn, ledger_is_prepared, NULL, 0, soon(), &rows, err))
        step = hg_rows_next(rows, soon(), err);
    hg_rows_close(rows);
    if (step == HG_ROW)
        run->ledger = RUN_LEDGER_PREPARED;
    return step == HG_ROW || (step == HG_END && batch_prepare(run, err));
}

bool batch_unready(struct run *run, const hg_error *cause)
{
    if (run->ledger != RUN_LEDGER_PREPARED || strcmp(cause->sqlstate, "26000") != 0
        || hg_conn_lost(run->conn))
        return false;
    run->ledger = RUN_LEDGER_WRITTEN_OUT;
    return true;
}

/* --- what is sent --- */

/* How many characters stand in it by now: the server counts in them. */
static int count_characters(struct batch *b)
{
    for (; b->weighed < b->sql.size; b->weighed++)
        b->characters += ((unsigned char)b->sql.bytes[b->weighed] & 0xC0) != 0x80;
    return b->characters;
}

static void begin_piece(struct batch *b, enum batch_part part, struct task *task)
{
    b->pieces[b->piece_count++] = (struct batch_piece){
        .part = part, .task = task, .first = b->count, .lead = count_characters(b)};
}

static void clear(struct batch *b)
{
    buf_truncate(&b->sql, 0);
    b->piece_count = b->count = b->weighed = b->waiting = 0;
    b->characters = 0;
}

/* While the transaction lasts, the session's name says which migration it is, for those who wait.
 */
static void put_name(struct batch *b, const struct task *task)
{
    char name[512], cut[NAME_SIZE];

    snprintf(name, sizeof name, "headgate/migrate %zu/%zu %s %s", task->index + 1,
             b->run->prepared->decided.step_count, task->revision, b->run->author.host);
    text_copy(cut, sizeof cut, name);
    buf_text(&b->sql, "SET LOCAL application_name = ");
    ledger_literal(&b->sql, cut);
    buf_text(&b->sql, ";\n");
    b->count++;
}

/* own: the session's. */
static void put_timeout(struct batch *b, const char *name, int64_t ms, const char *own,
                        int64_t *in_force)
{
    if (ms == *in_force)
        return;
    if (ms < 0)
        buf_printf(&b->sql, "SET LOCAL %s = '%s';\n", name, own);
    else
        buf_printf(&b->sql, "SET LOCAL %s = '%lldms';\n", name, (long long)ms);
    *in_force = ms;
    b->count++;
}

static void put_settings(struct batch *b, struct task *task)
{
    const struct guc *guc = &b->run->guc;

    put_name(b, task);
    put_timeout(b, "lock_timeout", apply_lock_timeout(task), guc->lock_timeout, &b->lock_ms);
    put_timeout(b, "statement_timeout", task->script->section.statement_timeout_ms,
                guc->statement_timeout, &b->statement_ms);
}

void batch_open(struct batch *b, struct task *task)
{
    begin_piece(b, BATCH_OPENING, task);
    buf_text(&b->sql, "BEGIN;\n");
    b->count++;
    put_settings(b, task);
}

void batch_turn(struct batch *b, struct task *task)
{
    if (b->count > 0) /* it travels with others, under their name and with their timeouts */
        return;
    begin_piece(b, BATCH_OPENING, task);
    put_settings(b, task);
}

void batch_restored(struct batch *b)
{
    b->lock_ms = b->statement_ms = -1;
}

static void put_statement(struct batch *b, struct task *task)
{
    const struct script_statement *s = &task->script->statements[task->done];

    begin_piece(b, BATCH_STATEMENT, task);
    buf_bytes(&b->sql, s->sql, s->size);
    buf_text(&b->sql, ";\n");
    b->count++;
}

/* As late as can be: the history says how long everything before it took. */
static bool put_ledger(struct batch *b, struct task *task, hg_error *err)
{
    bool changes = guc_may_change(HG_POSTGRESQL, task->script);

    begin_piece(b, BATCH_LEDGER, task);
    b->waiting++;
    /* the ledger is written as who we are, whoever the file made us */
    if (changes) {
        buf_text(&b->sql, "RESET SESSION AUTHORIZATION;\n");
        b->count++;
    }
    return apply_ledger_script(task, &b->sql, !changes && b->run->ledger == RUN_LEDGER_PREPARED,
                               &b->count, err);
}

/* --- sending --- */

/* What goes wrong behind the statements is the ledger's, or the commit's. */
static void explain(const struct batch_piece *piece, hg_error *err)
{
    struct task *task = piece->task;
    const struct script *script = task->script;

    switch (piece->part) {
    case BATCH_OPENING:
        err->column = 0;
        break;
    case BATCH_STATEMENT:
        err->column = err->column > piece->lead ? err->column - piece->lead : 0;
        script_place(script, &script->statements[task->done], err);
        apply_explain(task, err);
        break;
    case BATCH_LEDGER:
        err->column = 0;
        ledger_explain(err);
        break;
    case BATCH_COMMIT:
        err->column = 0;
        hg_error_place(err, script->path, 0, 0);
        break;
    }
}

/* The last piece that began before the round trip came to an end. */
static const struct batch_piece *piece_at(const struct batch *b, size_t done)
{
    size_t i = b->piece_count - 1;

    while (i > 0 && b->pieces[i].first > done)
        i--;
    return &b->pieces[i];
}

/* One round trip. */
static bool send(struct batch *b, struct task **out_failed, hg_error *err)
{
    struct run *r = b->run;
    struct task *first = b->pieces[0].task;
    hg_error cause = {0};
    size_t done = 0;
    bool ok = !buf_failed(&b->sql) || no_memory(&cause);

    lookout_begin(&r->lookout, r->conn, first->revision, apply_lock_timeout(first));
    ok = ok && bulk_script_counted(r->conn, b->sql.bytes, hg_deadline_never(), &done, &cause);
    lookout_end(&r->lookout);
    if (!ok) {
        explain(piece_at(b, done), &cause);
        *out_failed = piece_at(b, done)->task;
        *err = cause;
    }
    clear(b);
    return ok;
}

bool batch_flush(struct batch *b, bool commit, struct task **out_failed, hg_error *err)
{
    int64_t begun_ns = clock_now_ns();

    if (commit) {
        begin_piece(b, BATCH_COMMIT, b->pieces[b->piece_count - 1].task);
        buf_text(&b->sql, "COMMIT");
        b->count++;
    }
    if (b->count > 0 && !send(b, out_failed, err))
        return false;
    if (clock_since_ms(begun_ns) > QUICK_MS)
        b->room = 1;
    else if (b->room < BATCH_STEPS)
        b->room *= 2;
    return true;
}

/* --- steps --- */

bool batch_takes(const struct batch *b, const struct task *task)
{
    const struct script *script = task->script;

    return b->waiting == 0
           || (b->waiting < b->room && script->count == 1 && script->statements[0].size <= SMALL
               && script->statements[0].harmless && apply_lock_timeout(task) == b->lock_ms
               && script->section.statement_timeout_ms == b->statement_ms);
}

/* What has to be there before a statement that goes alone is sent before it. */
static bool run_alone(struct batch *b, struct task *task, hg_error *err)
{
    struct task *failed;

    batch_doubt(b->run);
    return (b->count == 0 || send(b, &failed, err)) && apply_statement(task, task->done, err);
}

/* The last statement waits for the ledger: how long it took, the server says. */
static bool run_with_others(struct batch *b, struct task *task, hg_error *err)
{
    int64_t begun_ns = clock_now_ns();
    struct task *failed;

    if (!apply_announce(task, task->done, err))
        return false;
    put_statement(b, task);
    if (task->done + 1 == task->script->count)
        return true;
    if (!send(b, &failed, err))
        return false;
    task->spent[task->done] = clock_since_ms(begun_ns);
    return true;
}

bool batch_step(struct batch *b, struct task *task, hg_error *err)
{
    const struct script *script = task->script;
    bool waits = false;

    if (!guc_may_change(HG_POSTGRESQL, script) && !ask_prepared(b->run, err))
        return false;
    for (size_t i = 0; i < script->count; i++) {
        bool harmless = script->statements[i].harmless;

        task->done = i;
        if (!(harmless ? run_with_others : run_alone)(b, task, err))
            return false;
        waits = harmless && i + 1 == script->count;
    }
    task->done = script->count - waits;
    return put_ledger(b, task, err);
}
