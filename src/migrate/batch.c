/*
 * batch.c - one step in one transaction on PostgreSQL, in as many round trips as it has statements:
 * what opens the transaction travels with the first one, the ledger and COMMIT with the last.
 *
 * A statement that may answer with rows, or with a COPY, goes alone.
 */
#include "run.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "driver/bulk.h"

enum { SCRIPT_LIMIT = 1 << 30, NAME_SIZE = 64 /* as the server keeps it */ };

struct batch {
    struct task *task;
    struct buf before; /* what stands before the next statement */
    size_t before_count;
    size_t closing_count; /* of the statements behind the last one, without COMMIT */
    bool commit;
};

/* How many characters: the server counts in them. */
static int characters(const char *text, size_t size)
{
    int n = 0;

    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not run the migration: out of memory");
}

/* --- what opens and closes the transaction --- */

/* While the transaction lasts, the session's name says which migration it is, for those who wait.
 */
static void put_name(struct batch *b)
{
    const struct task *task = b->task;
    char name[512], cut[NAME_SIZE];

    snprintf(name, sizeof name, "headgate/migrate %zu/%zu %s %s", task->index + 1,
             task->run->prepared->decided.step_count, task->revision, task->run->author.host);
    text_copy(cut, sizeof cut, name);
    buf_text(&b->before, "SET LOCAL application_name = ");
    ledger_literal(&b->before, cut);
    buf_text(&b->before, ";\n");
    b->before_count++;
}

static void put_timeout(struct batch *b, const char *name, int64_t ms)
{
    if (ms < 0)
        return;
    buf_printf(&b->before, "SET LOCAL %s = '%lldms';\n", name, (long long)ms);
    b->before_count++;
}

static void put_opening(struct batch *b)
{
    buf_text(&b->before, "BEGIN;\n");
    b->before_count++;
    put_name(b);
    put_timeout(b, "lock_timeout", apply_lock_timeout(b->task));
    put_timeout(b, "statement_timeout", b->task->script->section.statement_timeout_ms);
}

/* As late as can be: the history says how long everything before it took. */
static bool put_closing(struct batch *b, struct buf *sql, hg_error *err)
{
    b->closing_count = 0;
    /* the ledger is written as who we are, whoever the file made us */
    if (guc_may_change(HG_POSTGRESQL, b->task->script)) {
        buf_text(sql, "RESET SESSION AUTHORIZATION;\n");
        b->closing_count++;
    }
    if (!apply_ledger_script(b->task, sql, &b->closing_count, err))
        return false;
    if (b->commit)
        buf_text(sql, "COMMIT");
    return true;
}

/* --- sending --- */

/* What goes wrong behind the statements is the ledger's, or the commit's. */
static void explain_closing(const struct batch *b, size_t done, hg_error *err)
{
    err->column = 0;
    if (done < b->closing_count)
        ledger_explain(err);
    else
        hg_error_place(err, b->task->script->path, 0, 0);
}

/* One round trip; i: the statement in the middle, or that of no statement. */
static bool send(struct batch *b, size_t i, bool last, hg_error *err)
{
    struct run *r = b->task->run;
    const struct script *script = b->task->script;
    const struct script_statement *s = i < script->count ? &script->statements[i] : NULL;
    struct buf sql = BUF_INIT(SCRIPT_LIMIT);
    int lead = characters(b->before.bytes, b->before.size);
    size_t done = 0, first = b->before_count;
    hg_error cause = {0};
    int64_t begun_ns = clock_now_ns();
    bool ok;

    buf_bytes(&sql, b->before.bytes, b->before.size);
    if (s != NULL)
        buf_bytes(&sql, s->sql, s->size);
    if (s != NULL && last)
        buf_text(&sql, ";\n");
    ok = (!last || put_closing(b, &sql, &cause)) && (!buf_failed(&sql) || no_memory(&cause));
    lookout_begin(&r->lookout, r->conn, b->task->revision, apply_lock_timeout(b->task));
    ok = ok && bulk_script_counted(r->conn, sql.bytes, hg_deadline_never(), &done, &cause);
    lookout_end(&r->lookout);
    buf_release(&sql);
    buf_truncate(&b->before, 0);
    b->before_count = 0;
    if (s != NULL)
        b->task->spent[i] = clock_since_ms(begun_ns);
    if (ok)
        return true;
    *err = cause;
    if (s != NULL && done == first) {
        err->column = err->column > lead ? err->column - lead : 0;
        script_place(script, s, err);
        apply_explain(b->task, err);
    } else if (done > first || s == NULL) {
        explain_closing(b, done - first - (s != NULL), err);
    }
    return false;
}

/* Sends what has to be there before a statement that goes alone. */
static bool send_before(struct batch *b, hg_error *err)
{
    return b->before.size == 0 || send(b, b->task->script->count, false, err);
}

static bool run_statement(struct batch *b, size_t i, bool *out_closed, hg_error *err)
{
    const struct script *script = b->task->script;

    if (!guc_is_harmless(&script->statements[i]))
        return send_before(b, err) && apply_statement(b->task, i, err);
    if (!apply_announce(b->task, i, err))
        return false;
    *out_closed = i + 1 == script->count;
    return send(b, i, *out_closed, err);
}

static bool run_all(struct batch *b, hg_error *err)
{
    struct task *task = b->task;
    bool closed = false;

    for (task->done = 0; task->done < task->script->count; task->done++)
        if (!run_statement(b, task->done, &closed, err))
            return false;
    return closed || send(b, task->script->count, true, err);
}

bool batch_run(struct task *task, bool begin, bool commit, hg_error *err)
{
    struct batch b = {.task = task, .before = BUF_INIT(4096), .commit = commit};
    bool ok;

    if (begin)
        put_opening(&b);
    ok = run_all(&b, err);
    buf_release(&b.before);
    return ok;
}
