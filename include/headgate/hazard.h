/*
 * hazard.h - what a statement of a migration does to those who use the database meanwhile: what it
 * locks, reads and writes again, what it loses, and what to write instead.
 */
#ifndef HEADGATE_HAZARD_H
#define HEADGATE_HAZARD_H

#include <headgate/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PostgreSQL's table locks, the weaker first (its manual, §13.3.1). */
typedef enum hg_lock_mode {
    HG_LOCK_NONE,
    HG_LOCK_ACCESS_SHARE,
    HG_LOCK_ROW_SHARE,
    HG_LOCK_ROW_EXCLUSIVE,
    HG_LOCK_SHARE_UPDATE_EXCLUSIVE,
    HG_LOCK_SHARE,
    HG_LOCK_SHARE_ROW_EXCLUSIVE,
    HG_LOCK_EXCLUSIVE,
    HG_LOCK_ACCESS_EXCLUSIVE
} hg_lock_mode;

/* "ACCESS EXCLUSIVE"; "" for none. */
HG_API const char *hg_lock_mode_name(hg_lock_mode mode);

/* Whether SELECT, and whether INSERT, UPDATE and DELETE of others wait for who holds it. */
HG_API bool hg_lock_blocks_reads(hg_lock_mode mode);
HG_API bool hg_lock_blocks_writes(hg_lock_mode mode);

typedef enum hg_severity {
    HG_SEVERITY_WARNING, /* worth knowing; refuses nothing */
    HG_SEVERITY_DANGER   /* refuses a run in production unless it is accepted by name */
} hg_severity;

/* "warning", "danger" */
HG_API const char *hg_severity_name(hg_severity severity);

typedef struct hg_hazard {
    const char *id; /* "index-blocks-writes": what accepts it by name */
    hg_severity severity;
    const char *message;  /* what happens */
    const char *safer;    /* what to write instead; "" when nothing better is known */
    const char *accepted; /* NULL: it is not; else the reason in the file, or "--accept" */
} hg_hazard;

/* Every hazard that headgate knows, by id; accepted is NULL. *out_count of them, static. */
HG_API const hg_hazard *hg_hazards_all(size_t *out_count);

#ifdef __cplusplus
}
#endif
#endif
