/*
 * stage.h - one console apart from where it is shown: its model, canvas, theme and jobs.
 *
 * Carries out what update asks for. What only a terminal can do goes through an outlet; a console
 * that is played from a script has one without a terminal behind it. Must not know where keys come
 * from or where cells go.
 */
#ifndef CONSOLE_STAGE_H
#define CONSOLE_STAGE_H

#include <headgate/error.h>

#include "canvas.h"
#include "model.h"
#include "theme.h"
#include "update.h"

struct cast;

/* Where jobs are started and where their messages come from: ops/job.h, or a test's own. */
struct job_source {
    void *context;
    uint64_t (*start)(void *context, const struct job_request *request);
    void (*cancel)(void *context, uint64_t job);
    void (*leave)(void *context, uint64_t job);
    bool (*take)(void *context, struct job_message *out);
    int (*fd)(void *context);
    int64_t (*beat)(void *context); /* when a JOB_PING that goes on was last answered */
    void (*discard)(void *context, struct job_result *result);
};

/* What is asked of a terminal. */
struct outlet {
    void (*redraw)(void *context);
    void (*copy)(void *context, const char *text);
    void (*suspend)(void *context);
};

/* What a console is opened with; borrowed for as long as it is open. */
struct stage_options {
    const struct facts *facts;
    const struct job_source *source;
    const char *theme;                /* its name */
    const char *const *theme_folders; /* where themes are looked for, ended by NULL */
    struct cast *cast;                /* what is shown is recorded there; NULL: nowhere */
};

struct stage {
    struct model model;
    struct canvas canvas;
    struct theme theme;
    enum depth depth;      /* of the colours that can be shown */
    char theme_file[4096]; /* the name it was asked for by */
    struct stage_options options;
    const struct outlet *outlet;
    void *outlet_context;
    bool quit;
};

/* Opens it in this size. s: the caller's, with depth, outlet and outlet_context set. false: memory
 * ran out. */
bool stage_open(struct stage *s, const struct stage_options *options, int width, int height,
                hg_error *err);

/* Gives results back and frees. Also for one that could not be opened, or was only zeroed. */
void stage_close(struct stage *s);

/* One message through update, and what it asks for. */
void stage_deliver(struct stage *s, struct message message);
void stage_take_jobs(struct stage *s); /* whatever they have said */
void stage_resize(struct stage *s, int width, int height);

/* Milliseconds until a tick is wanted, for poll(); -1: none is. */
int stage_timeout_ms(const struct stage *s);

/* Draws the model on the canvas, and records it. */
void stage_draw(struct stage *s);

#endif
