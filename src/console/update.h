/*
 * update.h - model + message -> model + effects.
 *
 * Pure: starts nothing, asks no clock. What is to be done in the world comes back as values, which
 * loop.c carries out.
 */
#ifndef CONSOLE_UPDATE_H
#define CONSOLE_UPDATE_H

#include "model.h"

enum message_kind {
    MSG_TICK,
    MSG_KEY,
    MSG_RESIZE,
    MSG_STARTED,  /* what became of an EFFECT_START: job 0 when it could not be started */
    MSG_PROGRESS, /* of a running job */
    MSG_RESULT,   /* the model borrows it until an EFFECT_DISCARD names it */
    MSG_NOTE      /* something to tell the user: a theme that was loaded or could not be */
};

struct message {
    enum message_kind kind;
    int64_t now_ms, wall_ms;
    uint32_t key;
    int width, height;
    uint64_t job;
    struct job_request request;
    struct job_event event;
    struct job_result *result;
    enum role role;
    const char *text;
};

enum effect_kind {
    EFFECT_START,   /* request */
    EFFECT_CANCEL,  /* job */
    EFFECT_DISCARD, /* result: nobody looks at it any more */
    EFFECT_THEME,   /* the next one */
    EFFECT_REDRAW,  /* write every cell again */
    EFFECT_SUSPEND,
    EFFECT_QUIT
};

struct effect {
    enum effect_kind kind;
    struct job_request request;
    uint64_t job;
    struct job_result *result;
};

enum { EFFECTS_MAX = 12 };

struct effects {
    struct effect items[EFFECTS_MAX];
    size_t count;
};

void update(struct model *m, const struct message *message, struct effects *out);

/* For update's own files. */
void effect_add(struct effects *effects, struct effect effect);
__attribute__((format(printf, 3, 4))) void note_add(struct model *m, enum role role,
                                                    const char *format, ...);
void page_open(struct model *m, enum page page);
void page_close(struct model *m, enum page page); /* and what was opened from it */
void selection_follow(struct model *m, enum pane pane);

/* intake.c: what jobs say. */
void intake_started(struct model *m, const struct message *message);
void intake_progress(struct model *m, const struct message *message);
void intake_result(struct model *m, const struct message *message, struct effects *effects);

/* change.c: apply, roll back, reset; the question before, the run, and stopping it. */
void change_ask(struct model *m, hg_migrate_kind kind, struct effects *effects);
void change_leave(struct model *m, struct effects *effects);
void change_yes(struct model *m, struct effects *effects);
void change_type(struct model *m, uint32_t key, struct effects *effects);
void change_stop(struct model *m, enum ask ask);
void change_stop_yes(struct model *m, struct effects *effects);
void change_planned(struct model *m, struct job_result *result, struct effects *effects);
void change_progress(struct model *m, const struct job_event *event);
void change_ended(struct model *m, struct job_result *result, struct effects *effects);

#endif
