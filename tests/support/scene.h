/*
 * scene.h - a console with something to show: models made by messages, as the program makes them.
 */
#ifndef SUPPORT_SCENE_H
#define SUPPORT_SCENE_H

#include "console/canvas.h"
#include "console/loop.h"
#include "console/update.h"

enum { SCENE_START_MS = 1000000 };
#define SCENE_WALL_MS INT64_C(1787666591000) /* 2026-08-25 14:03:11 UTC */

/* Everything that results point to; they live as long as the scene. */
struct scene {
    struct model model;
    struct effects effects;  /* of the last message */
    int64_t now_ms, wall_ms; /* wall_ms: at the start; ages of what there is to see count from it */
    uint64_t last_job;
    char *written; /* the content of the last JOB_WRITE */

    struct job_result pools, status, ping, seen, source, smoked, plan, run, copied;
    hg_pool_snapshot snapshots[3];
    hg_readiness readiness;
    hg_history history;
    hg_revision revisions[48];
    char texts[48][2][40];
    hg_plan planned;
    hg_smoke smoke;
    hg_sessions server;
    hg_server_session sessions[8];
    hg_file_process processes[4];
    hg_state_count states[4];
    struct blocking_row order[8];
    struct session_holder holders[8];
};

struct scene *scene_new(int width, int height, bool utf8, bool production);
void scene_free(struct scene *s);

/* What there is to see. */
void scene_calm(struct scene *s); /* one pool, hardly used; all applied; ready */
void scene_idle(struct scene *s); /* the same, and nobody uses it at all */
void scene_busy(
    struct scene *s); /* two pools, one in overflow with waiters; two pending; not ready */
void scene_empty(struct scene *s); /* no pool, no migrations */
void scene_hostile(struct scene *s,
                   const char *text); /* every text that comes from outside is this */

/* Sends a message some time after the one before; effects are in s->effects. Jobs that the model
 * starts get numbers, and nothing else happens to them. */
void scene_send(struct scene *s, struct message message, int64_t after_ms);
void scene_key(struct scene *s, uint32_t key);
void scene_type(struct scene *s, const char *text);
void scene_deliver(struct scene *s); /* the answers of pools and status */
void scene_deliver_sessions(struct scene *s);
void scene_deliver_smoke(struct scene *s);  /* of every check, two of which did not pass */
void scene_deliver_source(struct scene *s); /* of the migration that it was asked for */
void scene_plan(struct scene *s);           /* the answer of a plan: two steps up */
void scene_progress(struct scene *s, struct job_event event);
void scene_end(struct scene *s, bool ok);  /* of the run */
void scene_copy(struct scene *s, bool ok); /* of the copy, or the look before it */
bool scene_has(const struct scene *s, enum effect_kind kind);

/* Steps that are taken again and again. */
void scene_tick(struct scene *s, int64_t after_ms);
/* A console that has been looking at a database with two pending migrations; in production changes
 * are allowed. */
struct scene *scene_open_busy(bool production);
void scene_ask(struct scene *s,
               uint32_t key); /* to the question below a plan, its dead time over */
void scene_start_run(struct scene *s);

/* What the last message led to. NULL: no job was to be started. */
const struct job_request *scene_started(const struct scene *s);
size_t scene_count(const struct scene *s, enum effect_kind kind);
const char *scene_said(const struct scene *s); /* the newest note, or "" */

/* The screen as text, with roles when they are asked for; freed by the caller. */
char *scene_screen(const struct scene *s, bool roles);

#endif
