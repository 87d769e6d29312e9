/*
 * model.h - what the screen knows, as plain values, and what may be asked of it.
 *
 * Pure. Results of jobs are borrowed: update says in its effects which of them the model no longer
 * needs. Times named _ms are on the monotonic clock, those named wall_ms are Unix time.
 */
#ifndef CONSOLE_MODEL_H
#define CONSOLE_MODEL_H

#include <headgate/headgate.h>

#include "keys.h"
#include "layout.h"
#include "ops/actions.h"
#include "ops/job.h"
#include "role.h"

/* What does not change while the console is open. */
struct facts {
    char env[32];
    bool production;
    bool read_only;
    bool prod_url_missing; /* production without DATABASE_URL_PROD */
    hg_driver driver;
    char database[160];      /* the URL without its secret */
    char database_name[128]; /* what has to be typed in production */
};

/* Something that is asked for again and again, never twice at once. */
struct feed {
    int64_t due_ms;
    int64_t asked_ms; /* 0: nothing is under way */
};

enum page { PAGE_OVERVIEW, PAGE_DETAIL, PAGE_HELP, PAGE_LOG, PAGE_PLAN, PAGE_RUN };

struct page_entry {
    enum page page;
    size_t top; /* first line shown */
};

/* The selected row of a pane: it is followed by its key when rows come and go. */
struct selection {
    char key[48];
    size_t index, top;
    bool touched; /* the user has moved it: until then it goes where the news is */
};

enum { SAMPLES = 288, SAMPLE_MS = 5000, POOLS_REMEMBERED = 16 };

/* The recent past of one pool: the most connections in use, and waiters, in each five seconds. */
struct pool_past {
    int64_t pid;
    char name[32];
    int64_t newest; /* number of the newest sample; older ones lie before it in the ring */
    int16_t in_use[SAMPLES], waiting[SAMPLES]; /* -1: not known */
    uint64_t checkouts;
    int64_t checkouts_ms;
    double checkouts_per_s; /* -1: not known yet */
};

struct note {
    int64_t wall_ms;
    enum role role;
    char text[240];
};
enum { NOTES = 128 };

/* A change of the database on its way from the plan to the result. */
struct change {
    hg_migrate_kind kind;
    enum consent consent; /* what it takes */
    uint64_t plan_job;    /* 0: no plan is being made */
    int64_t asked_ms;     /* when the plan was asked for */
    int64_t ready_ms;     /* keys before this moment were not meant for the question */
    char typed[128];
    bool wrong; /* what was typed is not the name */

    bool running;
    uint64_t job;
    int64_t started_ms, step_started_ms, ended_ms;
    size_t step; /* of the plan; those before it are done */
    int64_t done, total;
    char unit[16];
    char message[200];
    bool waiting; /* for a lock, as `message` says */
    bool begun;   /* a step has been started */
    bool cancel_asked, quit_after;
};

enum ask { ASK_NOTHING, ASK_STOP, ASK_QUIT };

struct model {
    struct facts facts;
    int width, height;
    bool utf8;
    int64_t now_ms, wall_ms;

    struct feed pools_feed, status_feed;
    struct job_result *pools;  /* the newest that succeeded */
    struct job_result *status; /* the newest */
    struct job_result *known;  /* the newest that could read the history; may be the same */
    int64_t known_wall_ms;     /* when the database last answered; 0: never */
    struct pool_past past[POOLS_REMEMBERED];

    struct page_entry pages[6]; /* [page_depth] is shown */
    size_t page_depth;
    enum pane focus;
    struct selection selected[PANE_COUNT];
    unsigned sort;

    struct change change;
    struct job_result *plan;
    struct job_result *run; /* the result */
    enum ask ask;

    struct note notes[NOTES]; /* a ring */
    size_t note_count;        /* ever made */
    bool checks_asked;        /* the user waits for the answer */
};

void model_init(struct model *m, const struct facts *facts, int width, int height, bool utf8);

enum page model_page(const struct model *m);
enum context model_context(const struct model *m);
void model_layout(const struct model *m, struct layout *out);

/* NULL: not known (yet). */
const hg_history *model_history(const struct model *m);
const hg_readiness *model_readiness(const struct model *m);
const hg_pool_snapshot *model_pool(const struct model *m); /* the selected one */

/* The pools to show: those that are published on this host; where none can be, our own. */
const hg_pool_snapshot *model_pools(const struct model *m, size_t *out_count);
/* Whether it is the pool of a console, which uses it for looking only. */
bool model_looks_on(const hg_pool_snapshot *pool);
const struct pool_past *model_past(const struct model *m, const hg_pool_snapshot *pool);

/* Whether the database answered the last time it was asked, and is not late now. */
bool model_db_answers(const struct model *m);

size_t model_rows(const struct model *m, enum pane pane);
void model_row_key(const struct model *m, enum pane pane, size_t row, char *out, size_t size);

/* The connections of the selected pool in the order on screen; returns how many. */
size_t model_connections(const struct model *m, const hg_pool_connection *out[HG_POOL_SLOTS_MAX]);
const char *model_sort_name(const struct model *m);
enum { SORTS = 4 };

/* The operation behind a change, as the command line knows it. */
const struct action *model_action(hg_migrate_kind kind);

/* The newest note, or NULL; age 0 is the newest. */
const struct note *model_note(const struct model *m, size_t age);

/* Why this command cannot be done now, or NULL when it can. */
const char *model_refusal(const struct model *m, enum command command);

/* The point in time (now_ms) at which a tick is wanted. */
int64_t model_wake_ms(const struct model *m);

#endif
