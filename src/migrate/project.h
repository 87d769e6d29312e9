/*
 * project.h - files and ledger brought together: what is applied, what is missing, what was edited.
 * Pure.
 */
#ifndef MIGRATE_PROJECT_H
#define MIGRATE_PROJECT_H

#include "file.h"
#include "graph.h"
#include "state.h"

struct arena;

struct project {
    struct graph graph; /* the files' revisions, then those only the database knows */
    const struct migration_file *files; /* of the first file_count nodes */
    size_t file_count;
    const struct ledger *ledger;
    const struct ledger_entry **entries; /* of each node, NULL when the history does not know it */
    bool *applied;                       /* of each node */
    bool *current;                       /* stands in alembic_version */
};

/*
 * Makes the graph of the files and of what the ledger knows beyond them. Everything it makes lives
 * in the arena; files and ledger are borrowed. err: HG_FILE, HG_NOMEM.
 */
bool project_make(struct arena *arena, const struct migration_file *files, size_t file_count,
                  const struct ledger *ledger, struct project *out_project, hg_error *err);

/* Whether a node's file runs something else than what was applied. False when nobody knows. */
bool project_edited(const struct project *project, size_t node);

/* Whether it runs the same, but is not written as it was: white space, comments, the case of words,
 * or what is for the other engine. */
bool project_reformatted(const struct project *project, size_t node);

/*
 * Refuses a file that was put before one that is applied already: by the graph it would count as
 * applied, though nobody ran it. err: HG_DRIFT.
 */
bool project_check_order(const struct project *project, hg_error *err);

#endif
