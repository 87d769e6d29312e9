/*
 * round.c - one round of catching up: find what changed, bring it over, write down how far that is.
 *
 * Of two ways the target knows which one is its own: a moment that was kept, or the source's log.
 */
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "base/clock.h"
#include "catchup.h"
#include "follow.h"

static bool is_by_log(const struct run *run)
{
    return run->delta.name[0] != '\0';
}

static bool any_change(const struct catchup *c)
{
    for (size_t i = 0; i < c->run->mapping.table_count; i++)
        if (change_is_any(&c->changes[i]))
            return true;
    return false;
}

static void sum_up(struct catchup *c)
{
    hg_copy_result *result = c->run->result;

    result->pages_changed = c->pages;
    for (size_t i = 0; i < c->run->mapping.table_count; i++) {
        const struct change *change = &c->changes[i];
        int64_t put = c->run->advances[i].total_rows;

        result->rows_put += put;
        result->rows_gone += change->keys == NULL      ? (int64_t)change->gone.count
                             : change->keys_sent > put ? change->keys_sent - put
                                                       : 0;
    }
}

static void release_changes(struct catchup *c)
{
    for (size_t i = 0; c->changes != NULL && i < c->run->mapping.table_count; i++) {
        VEC_RELEASE(&c->changes[i].put);
        VEC_RELEASE(&c->changes[i].gone);
    }
    alloc_free(c->changes);
    bulk_pages_close(c->now);
    arena_release(&c->arena);
}

/* Brings over what was found; `note` records it in the target. */
static bool bring_over(struct catchup *c, const char *note, hg_error *err)
{
    struct run *run = c->run;
    bool ok;

    run->result->check_ms = clock_since_ms(run->phase_ns);
    copy_phase(run, "catching up", 0);
    ok = catchup_apply(c, note, err);
    if (ok && any_change(c))
        ok = finish_sequences(run, err);
    run->result->data_ms = clock_since_ms(run->phase_ns);
    return ok;
}

/* --- by pages --- */

static void put_moment(const struct run *run, struct buf *out)
{
    if (run->options->last)
        buf_text(out, "DROP TABLE headgate_follow");
    else
        buf_printf(out, "UPDATE headgate_follow SET moment = '%s', caught_up_at = now()",
                   run->kept.name);
}

static bool by_pages(struct catchup *c, hg_error *err)
{
    struct run *run = c->run;
    struct buf note = BUF_INIT(1024);
    bool ok = kept_open(run->options->snapshot, run->moment, run->crew.size, &c->before, err)
              && snapshot_pages(run, &c->now, err) && copy_sides(run, err);

    put_moment(run, &note);
    copy_phase(run, "comparing pages", 0);
    ok = ok && catchup_find(c, err) && bring_over(c, note.bytes, err);
    buf_release(&note);
    return ok;
}

/* --- by the log --- */

/* A row that another one has put out of the way without a trace may still hold, in the target, what
 * the other one has now, or hang on a row that goes: then such rows are looked for, and the changes
 * brought over once more. */
static bool may_be_strays(const struct run *run, const hg_error *said)
{
    return !hg_conn_lost(run->to)
           && (strcmp(said->sqlstate, "23505") == 0 || strcmp(said->sqlstate, "23503") == 0);
}

static bool bring_over_log(struct catchup *c, const char *note, hg_error *err)
{
    hg_error said = {HG_OK};
    bool ok = bring_over(c, note, &said);

    if (!ok && may_be_strays(c->run, &said)) {
        c->strays = true;
        tally_release(&c->run->tally);
        for (size_t i = 0; i < c->run->mapping.table_count; i++)
            c->run->advances[i].total_rows = 0;
        return bring_over(c, note, err);
    }
    if (!ok && err != NULL)
        *err = said;
    return ok;
}

static bool by_log(struct catchup *c, hg_error *err)
{
    struct run *run = c->run;
    struct delta after = run->delta;
    struct buf note = BUF_INIT(1024);
    bool ok = snapshot_take(run, err) && copy_sides(run, err);

    c->settle = run->options->last;
    copy_phase(run, "reading the log", 0);
    ok = ok && delta_find(c, &after.position, &after.version, err);
    follow_put_note(&after, run->options->last, &note);
    ok = ok && bring_over_log(c, note.bytes, err);
    buf_release(&note);
    if (ok)
        run->delta = after;
    return ok;
}

/* --- the whole --- */

/* What is not needed any more goes. To write into a source without a write-ahead log nobody may
 * read it, this round neither. */
static bool leave_behind(struct run *run, hg_error *err)
{
    if (is_by_log(run))
        return hg_conn_rollback(run->crew.hands[0].source, copy_soon(), err)
               && follow_leave_behind(run, err);
    kept_clear(run->options->snapshot, run->kept.name);
    return true;
}

bool catch_up(struct run *run, hg_error *err)
{
    struct catchup c = {.run = run, .arena = ARENA_INIT};
    bool ok = is_by_log(run) ? by_log(&c, err) : by_pages(&c, err);

    if (ok) {
        sum_up(&c);
        run->result->behind_ms = clock_since_ms(run->moment_ns);
        run->result->ok = true;
    }
    release_changes(&c);
    kept_close(&c.before);
    return ok && leave_behind(run, err);
}
