/*
 * follow.c - the note in the target, and the log in the source, kept in step.
 */
#include "follow.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/buf.h"
#include "base/rand.h"
#include "catchup.h"
#include "schema/names.h"

static const char find_sql[] =
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname "
    "= 'headgate_follow_log' AND n.nspname = current_schema()";

static bool take_note(void *context, hg_rows *rows, hg_error *err)
{
    struct delta *delta = context;

    (void)err;
    snprintf(delta->name, sizeof delta->name, "%s", hg_rows_text(rows, 0));
    snprintf(delta->schema, sizeof delta->schema, "%s", hg_rows_text(rows, 1));
    delta->position = hg_rows_integer(rows, 2);
    delta->version = hg_rows_integer(rows, 3);
    return true;
}

bool follow_find(struct run *run, hg_error *err)
{
    int64_t found = 0;

    return ask_integer(run->to, find_sql, NULL, 0, copy_soon(), &found, err)
           && (found == 0
               || ask_rows(run->to,
                           "SELECT log, schema_digest, position, schema_version FROM "
                           "headgate_follow_log",
                           NULL, 0, take_note, &run->delta, copy_soon(), err));
}

void follow_put_begin(const struct run *run, struct buf *out)
{
    buf_text(out, "DROP TABLE IF EXISTS headgate_follow_log;");
    if (run->delta.name[0] == '\0')
        return;
    buf_printf(out,
               "CREATE TABLE headgate_follow_log (log text NOT NULL, schema_digest text NOT NULL, "
               "position bigint NOT NULL, schema_version bigint NOT NULL, caught_up_at timestamptz "
               "NOT NULL DEFAULT now()); INSERT INTO headgate_follow_log VALUES ('%s', '%s', %lld, "
               "%lld);",
               run->delta.name, run->delta.schema, (long long)run->delta.position,
               (long long)run->delta.version);
}

void follow_put_note(const struct delta *delta, bool last, struct buf *out)
{
    if (last)
        buf_text(out, "DROP TABLE headgate_follow_log");
    else
        buf_printf(out,
                   "UPDATE headgate_follow_log SET position = %lld, schema_version = %lld, "
                   "caught_up_at = now()",
                   (long long)delta->position, (long long)delta->version);
}

/* --- the source --- */

static void tell_installed(const struct run *run)
{
    char said[200];

    snprintf(said, sizeof said,
             "installed in the source: the table headgate_delta and %zu triggers, until --last or "
             "--remove-triggers",
             run->plan.parts.count - 2);
    copy_tell(run, HG_EVENT_NOTE, "", said, 0);
}

static struct mapping_wish wish_of(const struct run *run)
{
    return (struct mapping_wish){run->options->tables, run->options->table_count, &run->rules,
                                 run->options->largest_value};
}

/* Who follows, for people and for the same copy once more: the password is not in it. */
static const char *follower_of(const struct run *run)
{
    return hg_url_redacted(hg_pool_url(run->target_pool));
}

bool follow_begin(struct run *run, const char *held, hg_error *err)
{
    const struct mapping_wish wish = wish_of(run);
    struct trigger_writer writer;
    bool ok;

    if (!triggers_open(run->live, &writer, err)) {
        hg_error_context(err, "could not install triggers in the source");
        return false;
    }
    ok = triggers_install(&writer, &wish, follower_of(run), held, &run->delta, &run->plan, err);
    triggers_close(&writer);
    if (ok) {
        run->delta.position = 1;
        tell_installed(run);
    }
    return ok;
}

static bool remove_log(struct run *run, const char *name, hg_error *err)
{
    struct trigger_writer writer;
    bool ok = triggers_open(run->live, &writer, err);

    if (!ok)
        return false;
    triggers_plan_release(&run->plan);
    ok = triggers_remove(&writer, name, &run->plan, err);
    triggers_close(&writer);
    return ok;
}

bool follow_undo(struct run *run, hg_error *err)
{
    return run->live == NULL || run->delta.name[0] == '\0' || remove_log(run, run->delta.name, err);
}

/* It does not matter when, and the next round tries again. */
static bool prune(struct run *run)
{
    struct trigger_writer writer;
    bool ok = triggers_open(run->live, &writer, NULL);

    if (!ok)
        return false;
    ok = triggers_prune(&writer, run->delta.position, NULL);
    triggers_close(&writer);
    return ok;
}

bool follow_leave_behind(struct run *run, hg_error *err)
{
    if (run->options->last) {
        if (remove_log(run, run->delta.name, err))
            return true;
        hg_error_context(err, "the target has caught up for the last time, but");
        return false;
    }
    if (!prune(run))
        copy_tell(run, HG_EVENT_NOTE, "",
                  "the source's log of changes could not be shortened; the next round tries again",
                  0);
    return true;
}

/* --- asked for by name --- */

bool follow_plan(struct run *run, hg_error *err)
{
    const struct mapping_wish wish = wish_of(run);
    char name[DELTA_NAME + 1];

    rand_hex(name, DELTA_NAME);
    return triggers_plan(&run->source, &wish, name,
                         run->target_pool == NULL ? "" : follower_of(run), &run->plan, err);
}

static bool tell_whole(struct run *run, const struct table *table, hg_error *err)
{
    return mapping_problem(&run->mapping, "log-whole", table->source->name, 0, false,
                           table->source->virtual
                               ? "a virtual table, which can have no triggers: it is brought over "
                                 "as a whole in every round of catching up"
                               : "no primary key that is copied tells its rows apart: it is "
                                 "brought over as a whole whenever anything in it has changed")
           || hg_fail(err, HG_NOMEM, "could not install the triggers: out of memory");
}

bool follow_tell(struct run *run, hg_error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < run->mapping.table_count; i++)
        ok = (delta_has_key(&run->mapping.tables[i]) && !run->mapping.tables[i].source->virtual)
             || tell_whole(run, &run->mapping.tables[i], err);
    return ok;
}

bool follow_remove(struct run *run, hg_error *err)
{
    return remove_log(run, NULL, err);
}
