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
    MSG_POINTER, /* key, and where: x, y */
    MSG_RESIZE,
    MSG_STARTED,  /* what became of an EFFECT_START: job 0 when it could not be started */
    MSG_PROGRESS, /* of a running job */
    MSG_RESULT,   /* the model borrows it until an EFFECT_DISCARD names it */
    MSG_NOTE      /* something to tell the user: a theme that was loaded or could not be */
};

struct message {
    enum message_kind kind;
    int64_t now_ms, wall_ms;
    int64_t beat_ms; /* see model.h */
    uint32_t key;
    int width, height;
    int x, y;
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
    EFFECT_LEAVE,   /* job: it goes on in a process of its own */
    EFFECT_DISCARD, /* result: nobody looks at it any more */
    EFFECT_THEME,   /* the one of that name; "": the next */
    EFFECT_COPY,    /* text, to the clipboard; the model keeps it */
    EFFECT_REDRAW,  /* write every cell again */
    EFFECT_SUSPEND,
    EFFECT_QUIT
};

struct effect {
    enum effect_kind kind;
    struct job_request request;
    uint64_t job;
    struct job_result *result;
    const char *text; /* the model's; until the next message */
};

enum { EFFECTS_MAX = 16 };

struct effects {
    struct effect items[EFFECTS_MAX];
    size_t count;
};

void update(struct model *m, const struct message *message, struct effects *out);

/* For update's own files. */
void effect_add(struct effects *effects, struct effect effect);
__attribute__((format(printf, 3, 4))) void note_add(struct model *m, enum role role,
                                                    const char *format, ...);
void update_command(struct model *m, enum command command, struct effects *effects);
void refresh_every(struct model *m, int refresh_ms); /* 0: only when asked to */
void page_open(struct model *m, enum page page);
void page_close(struct model *m, enum page page); /* and what was opened from it */
void page_rewind(struct model *m, enum page page);

/* moving.c: screens, panes, selections, pages of text. */
void screen_open(struct model *m, enum screen_id screen);
void selection_follow(struct model *m, enum pane list); /* after its rows have changed */
void list_refresh(struct model *m, enum pane list);     /* arranges it, and follows */
void move_by(struct model *m, enum command command);
void move_to_pane(struct model *m, int by);
void focus_pane(struct model *m, enum pane pane);
void zoom_pane(struct model *m, bool zoomed);                    /* the one that has the keys */
void select_row(struct model *m, enum pane list, int64_t index); /* the nearest that there is */

/* pointer.c: what is pressed with the mouse. */
void pointer_take(struct model *m, const struct message *message, struct effects *effects);

/* feed.c: what is asked for again and again. */
void feed_tick(struct model *m, struct effects *effects);
void feed_refresh(struct model *m, struct effects *effects); /* all of it, now */
/* false: it tells of the database before a run of ours ended. */
bool feed_answered(struct model *m, enum feed_id feed);
void feed_database_answered(struct model *m, bool answered, const char *why);
void feed_started(struct model *m, const struct message *message);
void feed_beat(struct model *m, int64_t beat_ms); /* the pulse has been answered then */
void feed_marked(struct model *m, uint64_t mark); /* what an answer says of what changed */
struct feed *feed_of(struct model *m, enum job_kind kind, enum feed_id *out_id);

/* seek.c: from match to match. */
void seek_begin(struct model *m); /* from what is in view of the text that is read */
void seek_words(struct model *m, const char *words); /* "": no longer */
void seek_end(struct model *m);
void seek_next(struct model *m, bool back); /* also in a list, among the rows of its last filter */

/* export.c: a list or a page into a file. */
void export_ask(struct model *m); /* for its name */
void export_write(struct model *m, const char *path, struct effects *effects);
void export_started(struct model *m, bool started);
void export_written(struct model *m, const struct job_result *result);

/* entry.c: the line that is being typed. */
void entry_open(struct model *m, enum line_use use);
void entry_key(struct model *m, uint32_t key, struct effects *effects);
void entry_leave(struct model *m);
/* Adds a character to a text or takes the last one away; false: the key does neither. */
bool entry_edit(char *text, size_t size, uint32_t key);

/* intake.c: what jobs say. */
void intake_started(struct model *m, const struct message *message);
void intake_progress(struct model *m, const struct message *message);
void intake_result(struct model *m, const struct message *message, struct effects *effects);

/* change.c: apply, roll back, reset; the plan and the question before. */
/* target: "" for the one that is chosen, or the default. asks: false only shows the plan. */
void change_ask(struct model *m, hg_migrate_kind kind, const char *target, bool asks,
                struct effects *effects);
void change_leave(struct model *m, struct effects *effects);
void change_yes(struct model *m, struct effects *effects);
void change_type(struct model *m, uint32_t key, struct effects *effects);
void change_planned(struct model *m, struct job_result *result, struct effects *effects);
const char *change_verb(const struct model *m);

/* running.c: what runs: its progress, its end, a run that somebody else has started. */
void running_progress(struct model *m, const struct job_event *event);
void running_ended(struct model *m, struct job_result *result, struct effects *effects);
void running_attach(struct model *m, struct effects *effects);
void running_others(struct model *m, const struct worker_info *worker, const char *holder);

/* Keys that arrive this soon after a question opened were typed for something else; one that nobody
 * answers closes. */
enum { QUESTION_DEAD_MS = 300, QUESTION_MS = 60000 };

/* transfer.c: the copy of all data. */
void transfer_start(struct model *m, hg_copy_mode mode, struct effects *effects);
/* Watches the copy that goes on in a worker, or that has ended there since. */
void transfer_attach(struct model *m, struct effects *effects);
void transfer_progress(struct model *m, const struct job_event *event);
/* What was heard of the copy that goes on; pid 0: none does. */
void transfer_others(struct model *m, const struct worker_info *worker, struct effects *effects);
/* One that has ended while nobody looked; pid 0: there is none. */
void transfer_past(struct model *m, struct job_result *result, struct effects *effects);
/* Whoever has the page open sees how it ended. */
void transfer_tick(struct model *m, struct effects *effects);
void transfer_ended(struct model *m, struct job_result *result, struct effects *effects);

/* wizard.c: the guided cutover. */
void wizard_tick(struct model *m, struct effects *effects);
void wizard_refresh(struct model *m, struct effects *effects); /* reads it now */
/* Whether it was about the cutover. */
bool wizard_started(struct model *m, const struct message *message);
bool wizard_result(struct model *m, const struct message *message, struct effects *effects);
void wizard_progress(struct model *m, const struct job_event *event);
void wizard_command(struct model *m, enum command command, struct effects *effects);
/* Opens its screen; with a runbook's name or file it plans a run by that. */
void wizard_plan_by(struct model *m, const char *runbook, struct effects *effects);
void wizard_yes(struct model *m, struct effects *effects);
void wizard_type(struct model *m, uint32_t key, struct effects *effects);
void wizard_leave(struct model *m); /* the question; nothing was answered */

/* question.c: questions over a screen: what becomes of a run, arming, ending a session. */
void question_open(struct model *m, enum ask ask); /* after a moment keys are meant for it */
void question_stop(struct model *m, enum ask ask);
void question_cancel(struct model *m, struct effects *effects); /* the run, and roll back */
void question_detach(struct model *m, struct effects *effects);
void question_arm(struct model *m); /* asks whether to, or forbids changes again */
void question_yes(struct model *m);
void question_end(struct model *m, bool terminate); /* a session of the server */
void question_transfer(struct model *m);            /* the copy of all data */
void question_type(struct model *m, uint32_t key, struct effects *effects);
void question_ended(struct model *m, const struct job_result *result);
void question_leave(struct model *m);
void question_touched(struct model *m); /* somebody is there: a key was pressed */
void question_expire(struct model *m);  /* those that have stood for too long */

#endif
