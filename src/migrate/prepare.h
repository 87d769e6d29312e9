/*
 * prepare.h - everything that a run needs to know before it begins: files, ledger, plan, scripts,
 * read and made at one time. A struct prepared is an hg_plan to the outside.
 */
#ifndef MIGRATE_PREPARE_H
#define MIGRATE_PREPARE_H

#include <headgate/migrate.h>

#include "base/arena.h"
#include "folder.h"
#include "ledger.h"
#include "plan.h"
#include "script.h"

struct prepared {
    hg_plan plan; /* what callers of the library see; comes first */
    struct arena arena;
    hg_driver driver;
    struct ledger_place place;
    struct folder folder;
    struct ledger ledger;
    struct project project;
    struct plan decided;
    struct script *scripts; /* of each step, once loaded */
    size_t script_count;
};

/* Finds the tables, and no more. */
bool prepare_place(hg_conn *conn, hg_deadline by, struct prepared **out_prepared, hg_error *err);

/* Reads the folder. */
bool prepare_files(hg_driver driver, const struct folder_place *place,
                   struct prepared **out_prepared, hg_error *err);

/* Reads the ledger and brings it together with the files. */
bool prepare_join(struct prepared *prepared, hg_conn *conn, enum ledger_depth depth, hg_deadline by,
                  hg_error *err);

/* Both. conn NULL: no database, nothing is applied. */
bool prepare_project(hg_conn *conn, const struct folder_place *place, enum ledger_depth depth,
                     hg_deadline by, struct prepared **out_prepared, hg_error *err);

/* The same, and decides what would run. files: what prepare_files() read, taken over also on
 * failure; NULL: they are read now, every one of them. */
bool prepare_decide(hg_conn *conn, const hg_migrate_options *options, struct prepared *files,
                    hg_deadline by, struct prepared **out_prepared, hg_error *err);

/* Loads what the steps will run and fills in the plan. err: also HG_REFUSED for a plan that is not
 * the one that options->plan_id names, or that one transaction cannot hold. */
bool prepare_load(hg_conn *conn, struct prepared *prepared, const hg_migrate_options *options,
                  hg_deadline by, hg_error *err);

/* Fills in what a step has from its script, texts in the prepared's arena; false: memory ran out.
 */
bool prepare_step(struct prepared *prepared, const struct script *script, hg_plan_step *out);

void prepare_free(struct prepared *prepared); /* NULL is fine */

/* The revision of a node. */
const char *prepared_revision(const struct prepared *prepared, size_t node);

#endif
