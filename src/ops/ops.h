/*
 * ops.h - what every command and every job works with: the settings and the pool to the selected
 * database.
 */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include <headgate/headgate.h>

#include "copy_work.h"

struct launcher;

struct ops {
    hg_settings *settings;
    hg_pool *pool;
    struct launcher *launcher;          /* NULL: what changes the database runs in this process */
    const hg_settings_options *reading; /* the caller's, that settings come from; NULL: others */
    char copies[COPY_SUBJECT_SIZE]; /* by this a copy of these settings is found; "": by nothing */
};

/* How a front end opens the database. */
struct ops_options {
    const char *role;                   /* goes into application_name; a string constant */
    bool may_create;                    /* SQLite: a missing file is made */
    bool publish;                       /* other processes see the pool */
    bool (*interrupted)(void *context); /* ends a wait for a connection: as of hg_pool_options, with
                                           no context; NULL: nothing does */
    bool brief;    /* a few questions and the end: each part of a file is read once */
    bool detaches; /* what changes the database runs in a process that outlives this one */
};

/*
 * Loads the settings, which are read again later, and makes the pool; connects to nothing. With
 * `detaches` only while the process has one thread. out_ops: on success the caller's until
 * ops_close(). err: HG_CONFIG, HG_NOMEM.
 */
bool ops_open(const hg_settings_options *settings, const struct ops_options *options,
              struct ops *out_ops, hg_error *err);

/* Makes the pool for settings that are loaded already and takes them over, also on failure. */
bool ops_open_with(hg_settings *settings, const struct ops_options *options, struct ops *out_ops,
                   hg_error *err);

/* Closes the pool and frees the settings; an empty struct ops is fine. */
void ops_close(struct ops *ops);

/* What a migration command runs with: folder, production and timeouts as the settings say; plans
 * are measured unless the session is read-only. target: NULL or "" for the default. */
hg_migrate_options ops_migrate_options(const struct ops *ops, hg_migrate_kind kind,
                                       const char *target);

/* Revisions and what is applied of them, for whoever shows it: files that nobody has touched since
 * they were last read are not read again. out_history: until hg_history_free(). */
bool ops_history(const struct ops *ops, hg_history **out_history, hg_error *err);

/* How long an inspection (status, history, readiness) may take in all. */
hg_deadline ops_inspection_deadline(const struct ops *ops);

/* The same of a plan, which may have to be measured. */
hg_deadline ops_plan_deadline(const struct ops *ops, const hg_migrate_options *options);

#endif
