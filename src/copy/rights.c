/*
 * rights.c - what stands in the way of a copy into the target, told before anything is read: a
 * session that cannot write, privileges, rows that are there. Nothing here asks the server.
 */
#include "run.h"

static bool look_at_session(const struct run *run, hg_error *err)
{
    if (run->target.read_only) {
        hg_fail(err, HG_READ_ONLY,
                "the target takes no writes: it is a standby, or the session is "
                "read-only");
        hg_error_hint(err, "Name the primary in the URL.");
    } else if (run->unfinished && !run->options->resume) {
        hg_fail(err, HG_REFUSED, "the target holds an unfinished copy");
        hg_error_hint(err, "Finish it with --resume, or give it up with --abandon.");
    } else if (!run->unfinished && !run->target.may_create) {
        hg_fail(err, HG_PRIVILEGE, "the role may not make tables in schema \"%s\" of the target",
                run->target.schema);
        hg_error_hint(err, "A copy keeps its record there until it is whole. Grant CREATE on the "
                           "schema to the role, or connect as another one.");
    } else {
        return true;
    }
    return false;
}

/* Whether foreign keys or triggers have to be put aside while rows come into it. */
static bool has_holds(const struct run *run, const struct target_table *table)
{
    for (size_t i = 0; i < run->target.hold_count; i++)
        if (strcmp(run->target.holds[i].table, table->name) == 0)
            return true;
    return false;
}

static bool look_at_table(const struct run *run, const struct target_table *table, hg_error *err)
{
    if (!table->readable) {
        hg_fail(err, HG_PRIVILEGE, "the role may not read table \"%s\" of the target", table->name);
        hg_error_hint(err, "What was copied is read back. Grant SELECT to the role, or connect as "
                           "another one.");
    } else if (!table->fillable) {
        hg_fail(err, HG_PRIVILEGE, "the role may not insert into table \"%s\" of the target",
                table->name);
        hg_error_hint(err, "Grant INSERT to the role, or connect as another one.");
    } else if (!table->owned && has_holds(run, table)) {
        hg_fail(err, HG_PRIVILEGE, "the role is not the owner of table \"%s\" of the target",
                table->name);
        hg_error_hint(err, "The table has foreign keys or triggers, which are put aside while rows "
                           "come: only its owner may do that. Connect as the owner.");
    } else if (table->filled) {
        hg_fail(err, HG_REFUSED, "table \"%s\" of the target holds rows already", table->name);
        hg_error_hint(err, "Empty it, copy other tables with --tables, or compare both sides with "
                           "--verify-only.");
    } else {
        return true;
    }
    return false;
}

bool rights_check(const struct run *run, hg_error *err)
{
    bool ok = look_at_session(run, err);

    for (size_t i = 0; ok && !run->unfinished && i < run->mapping.table_count; i++)
        ok = look_at_table(run, run->mapping.tables[i].target, err);
    return ok;
}

static bool tell(struct run *run, const char *table, const hg_error *said, hg_error *err)
{
    return mapping_problem(&run->mapping, "not-ready", table, 0, false,
                           "a copy will be refused: %s", said->message)
           || hg_fail(err, HG_NOMEM, "could not look at the target: out of memory");
}

bool rights_tell(struct run *run, hg_error *err)
{
    hg_error said = {HG_OK};
    bool ok = look_at_session(run, &said) || tell(run, "", &said, err);

    for (size_t i = 0; ok && !run->unfinished && i < run->mapping.table_count; i++) {
        said = (hg_error){HG_OK};
        ok = look_at_table(run, run->mapping.tables[i].target, &said)
             || tell(run, run->mapping.tables[i].source->name, &said, err);
    }
    return ok;
}
