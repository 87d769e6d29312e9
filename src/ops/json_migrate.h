/*
 * json_migrate.h - documents of the migration commands beside history, plan and run. Pure.
 */
#ifndef OPS_JSON_MIGRATE_H
#define OPS_JSON_MIGRATE_H

#include <headgate/migrate.h>

struct buf;

/* What a take-over did; tool: whose project it was. False: out of memory. */
bool json_import(struct buf *out, const char *tool, const hg_import_result *result);

/* That a run goes on in a process of its own. False: out of memory. */
bool json_detached(struct buf *out, int64_t pid);

/* What a rehearsal found. False: out of memory. */
bool json_rehearsal(struct buf *out, const hg_rehearsal *rehearsal);

/* The history event by event. False: out of memory. */
bool json_events(struct buf *out, const hg_events *events);

#endif
