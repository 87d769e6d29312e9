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
#include "lanes.h"
#include "layout.h"
#include "own_keys.h"
#include "ops/actions.h"
#include "ops/job.h"
#include "role.h"

enum { THEME_NAMES = 48, THEME_NAME_ROOM = 64 };
enum {
    MODEL_REFRESH_MS = 1000
}; /* how often everything is read, unless the user wants another pace */

/* What does not change while the console is open. */
struct facts {
    char env[32];
    bool production;
    bool read_only;
    bool prod_url_missing; /* production without DATABASE_URL_PROD */
    hg_driver driver;
    char database[160];                        /* the URL without its secret */
    char database_name[128];                   /* what has to be typed in production */
    char operator_name[64];                    /* who runs what is run from here */
    bool clipboard;                            /* the terminal can be told what to put on it */
    char themes[THEME_NAMES][THEME_NAME_ROOM]; /* their names */
    size_t theme_count;
    bool mouse;       /* the terminal can tell where it is pressed */
    bool takes_mouse; /* from the beginning */
    bool detaches;    /* a run that is started here can go on without the console */
    char copy_from[160], copy_to[160]; /* the sides of a copy, without secrets; "": there is none */
    char copy_name[128];               /* of the target: what has to be typed */
    char copy_refusal[200];            /* why there is none */
    char copy_hint[200];               /* and what to do about it */
    bool cutover;                      /* it is what is looked at first */
    char runbook[256];                 /* of a new cutover; "": the built-in one */
    int64_t budget_ms;                 /* the same; 0: as its rehearsal finds */
    struct own_keys own_keys;
    char own_keys_wrong[960]; /* why there are none; "": nothing is wrong with them */
};

/* What is asked for again and again, never twice at once. */
enum feed_id {
    FEED_POOLS,
    FEED_STATUS,
    FEED_PING,     /* unless the status is asked for anyhow */
    FEED_SESSIONS, /* while somebody looks at them */
    FEED_HOLDER,   /* while somebody else changes the schema */
    FEEDS
};
struct feed {
    int64_t due_ms;
    int64_t asked_ms; /* 0: nothing is under way */
};

/* The ping of a console where nothing happens: asked one refresh ahead, and again and again, by its
 * job alone, until there are news. */
struct pulse_state {
    int period_ms;   /* 0: none is under way */
    uint64_t job;    /* 0: it has been taken back */
    int64_t beat_ms; /* when it was last answered */
};

/* What covers a screen. */
enum page {
    PAGE_NONE,
    PAGE_DETAIL,
    PAGE_HELP,
    PAGE_COPY,
    PAGE_PLAN,
    PAGE_RUN,
    PAGE_HOLDER,
    PAGE_DRIFT,
    PAGE_TRANSFER
};

/* A search in a text. */
struct seeking {
    bool on;
    size_t line; /* that is looked at; SIZE_MAX: none has the words */
};

struct page_entry {
    enum page page;
    size_t top; /* first line shown */
    bool moved; /* the user has scrolled: a run is no longer followed */
    struct seeking seeking;
};
enum { PAGES_DEEP = 6 };

/* How a list is looked at: its order, its filter, and the selected row, which is followed by its
 * key when rows come and go. */
struct looking {
    char key[HG_REVISION_SIZE];
    size_t index, top; /* among the rows that are shown */
    bool touched;      /* the user has moved it: until then it goes where the news is */
    int order;         /* the column that it is sorted by; LIST_AS_IT_COMES */
    bool reversed;
    char filter[64];
    char sought[64]; /* the last filter: n and N go from row to row that passes it */
    uint32_t *rows;  /* those that are shown, in order; NULL: all of them as they come */
    size_t count, room;
};

enum { SAMPLES = 288, SAMPLE_MS = 5000, POOLS_REMEMBERED = 64 };

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
    enum screen_id from;  /* where it was asked for */
    bool asking;          /* the question is open; otherwise the plan is only looked at */
    int64_t expires_ms;   /* the question closes itself */
    enum consent consent; /* what it takes */
    uint64_t plan_job;    /* 0: no plan is being made */
    int64_t asked_ms;     /* when the plan was asked for */
    int64_t ready_ms;     /* keys before this moment were not meant for the question */
    char typed[128];
    bool wrong; /* what was typed is not the name */

    bool running;
    bool attached; /* it was started elsewhere: there is no plan of it here */
    uint64_t job;
    int64_t started_ms, step_started_ms, ended_ms;
    size_t step, steps; /* those before `step` are done; steps 0: not known yet */
    char revision[64];  /* of the step that is under way */
    int64_t done, total;
    char unit[16];
    char message[200];
    bool waiting;                        /* for a lock, as `message` says */
    int64_t retry_ms, attempt, attempts; /* when the next attempt begins; 0: it waits for none */
    bool begun;                          /* a step has been started */
    bool cancel_asked, quit_after;
};

enum ask {
    ASK_NOTHING,
    ASK_STOP,
    ASK_QUIT,
    ASK_ARM,
    ASK_END,
    ASK_TRANSFER,
    ASK_WIZARD,     /* about a cutover: something has to be typed */
    ASK_WIZARD_YES, /* the same: a plain yes */
    ASKS
};

/* A session of the server that is to be ended, or what it runs. */
struct victim {
    int64_t pid, backend_start_ms;
    bool terminate;
    char who[160];    /* as it was when the question was asked */
    char answer[128]; /* what has to be typed */
    char typed[128];
    bool wrong;
};

/* A copy of all data, or the look before it. */
struct transfer_table {
    char name[64];
    int64_t done, total; /* rows */
};
enum { TRANSFER_TABLES = 128 };
struct transfer {
    bool running, cancel_asked;
    bool attached; /* it was started elsewhere, or left before */
    hg_copy_mode mode;
    uint64_t job;
    int64_t started_ms;
    int64_t done, total; /* bytes; total 0: not known */
    char message[128];   /* phase, rate, remaining time */
    struct transfer_table tables[TRANSFER_TABLES];
    size_t table_count;
};

/* Where a cutover stands, as far as it is known. */
enum stand {
    STAND_NOTHING, /* neither a run nor a plan */
    STAND_PLAN,
    STAND_RUNS,
    STAND_ASKS,      /* somebody has to type something */
    STAND_STALLED,   /* a step has failed while nobody can write */
    STAND_PAUSED,    /* before the next step */
    STAND_POSTPONED, /* before the freeze */
    STAND_LEFT,      /* open, and nobody works on it */
    STAND_BACK,      /* it is being taken back */
    STAND_LEFT_BACK, /* the same, and nobody works on it */
    STAND_DONE,
    STAND_ABORTED,
    STANDS
};

/* What is asked about a cutover. */
enum wizard_ask {
    WIZARD_NOTHING,
    WIZARD_BEGIN,
    WIZARD_RESUME,
    WIZARD_ANSWER, /* the run's own question */
    WIZARD_CONTINUE,
    WIZARD_UNPOSTPONE,
    WIZARD_ABORT,
    WIZARD_REMARK,
    WIZARD_ASKS
};

/* The guided cutover, which a process of its own carries out: this console looks at it. */
struct wizard {
    struct job_result *run;   /* the newest reading, also one that failed; NULL: none yet */
    struct job_result *plan;  /* the newest plan, also one that failed */
    int64_t due_ms, asked_ms; /* of the reading, as a feed's */
    int64_t read_ms;          /* when `run` was read */
    enum stand stand;         /* as it was then */
    size_t at;                /* the same: the step */
    bool replanned;           /* the plan is looked at, not the run that is over */
    uint64_t plan_job;        /* 0: none is being made */
    bool planning, acting;    /* asked for, and not answered yet */
    int64_t plan_asked_ms;
    uint64_t watch_job; /* 0: nothing is heard of the process */
    bool watching;
    int64_t watch_due_ms;
    bool news;                 /* it has told of a step since the reading began */
    char part[64], doing[200]; /* of the step under way, as its process tells */
    int64_t done, total;
    char runbook[256]; /* of a new run; "": the built-in one */
    int64_t budget_ms; /* the same; 0: as the rehearsal finds */
    enum wizard_ask ask;
    char run_asked[HG_CUTOVER_RUN_SIZE], step_asked[32]; /* what it is asked about */
    char answer[160];                                    /* the very words; "": any */
    char typed[256];
    bool wrong;
};

/* A line that is being typed at the bottom of the screen. */
enum line_use { LINE_NONE, LINE_FILTER, LINE_SEARCH, LINE_EXPORT, LINE_COMMAND };
struct entry {
    enum line_use use;
    char text[128];
    size_t from; /* LINE_SEARCH: the line of the text that is searched from */
};

/* The text of a migration's file. */
struct source {
    char file[512]; /* that it was asked for by; "": none */
    uint64_t job;   /* 0: nothing is under way */
    struct job_result *result;
};

enum { RUNS_REMEMBERED = 32, CHECKS_REMEMBERED = 160 };

/* How the checks came out the last times: a row a check, newest at `newest`. */
struct check_past {
    char id[48];
    int8_t runs[RUNS_REMEMBERED]; /* hg_status, -1: not run */
};

struct model {
    struct facts facts;
    int width, height;
    bool utf8;
    int64_t now_ms, wall_ms;
    int link_ms; /* what a frame takes until it is seen; 0: not known */

    struct feed feeds[FEEDS];
    struct pulse_state pulse;
    uint64_t mark;               /* of the newest answer, see hg_readiness_pulse(); 0: none */
    int64_t checked_ms;          /* when the checks were last asked for */
    int refresh_ms;              /* 0: only when asked to */
    int resumed_ms;              /* what Space goes back to */
    int64_t held_wall_ms;        /* since when refresh_ms is 0 */
    struct job_result *pools;    /* the newest that succeeded */
    struct job_result *status;   /* the newest */
    struct job_result *known;    /* the newest that could read the history; may be the same */
    struct job_result *sessions; /* the newest that succeeded */
    int64_t sessions_wall_ms;    /* when that was */
    struct lane_row *lanes;      /* of the known history, a row a revision; NULL: none */
    size_t lane_count;
    size_t applied_count, broken_count; /* of the known history */
    int pools_in_use, pools_waiting;    /* of all that are alive */
    bool db_answered;                   /* the last time that it was asked */
    int64_t heard_ms, known_wall_ms;    /* when the database last answered; 0: never */
    struct pool_past past[POOLS_REMEMBERED];
    struct check_past checks_past[CHECKS_REMEMBERED];
    size_t checks_newest;
    struct job_result *smoke;       /* the newest run of the whole catalogue */
    struct job_result *smoke_again; /* some of its checks, run again since then */
    uint64_t smoke_job;             /* 0: none is under way */
    int64_t smoke_done, smoke_total;
    struct source source;
    struct job_result *drift; /* the newest comparison with the schema file */
    uint64_t drift_job;       /* 0: none is under way */
    int64_t drift_asked_ms;
    struct transfer transfer;
    struct worker_info copying; /* the newest copy in a worker that is known of; pid 0: none */
    bool copying_on;            /* it goes on */
    struct job_result *copy;    /* the newest copy or look, however it ended */
    bool copy_unseen;           /* the copy that it tells of has ended while its page was not open */
    bool copy_past_asked;       /* whether one has ended before this console was opened */
    struct wizard wizard;

    enum screen_id screen;
    struct page_entry pages[SCREEN_COUNT][PAGES_DEEP]; /* [screen][page_depth] is shown */
    size_t page_depth[SCREEN_COUNT];
    enum pane focus[SCREEN_COUNT];
    enum pane subject[SCREEN_COUNT]; /* the list that the focus is or was in */
    bool zoomed[SCREEN_COUNT];       /* the pane that has the keys has the whole screen */
    size_t detail_top[SCREEN_COUNT];
    struct seeking detail_seeking[SCREEN_COUNT];
    char sought[64]; /* the words of the last search in a text */
    struct looking lists[LISTS];
    struct entry entry;
    bool pasting;
    bool mouse_taken;          /* else the terminal marks text with it */
    bool unwatched;            /* another window has the keyboard */
    int64_t unwatched_wall_ms; /* since when */
    char theme_asked[64];

    struct change change;
    struct job_result *plan;
    struct job_result *run; /* the result */
    enum ask ask;
    int64_t ask_expires_ms;
    struct victim victim;
    struct worker_info worker; /* one of this user that is at work; pid 0: none */
    char holder[600];          /* who changes the schema, when it is not we; "": nobody */
    int64_t armed_until_ms;    /* production: changes are allowed until then */

    char *copied;             /* what the page PAGE_COPY shows */
    char *exported;           /* what is about to be written, until its job has been started */
    struct note notes[NOTES]; /* a ring */
    size_t note_count;        /* ever made */
    bool checks_asked;        /* the user waits for the answer */
};

void model_init(struct model *m, const struct facts *facts, int width, int height, bool utf8);
void model_release(struct model *m); /* its own memory; results are others' */

enum page model_page(const struct model *m);
struct page_entry *model_page_entry(struct model *m);
enum context model_context(const struct model *m);
void model_layout(const struct model *m, struct layout *out);
enum pane model_focus(const struct model *m);

/* Whether a text has the keys: a page, or what is known about the selected row. And its search. */
bool model_reads(const struct model *m);
const struct seeking *model_seeking(const struct model *m);

/* The list whose selected row is spoken of: the focused one, or the one that was. */
enum pane model_subject(const struct model *m);

/* NULL: not known (yet). */
const hg_history *model_history(const struct model *m);
const hg_readiness *model_readiness(const struct model *m);
const hg_sessions *model_sessions(const struct model *m);

/* The checks to show: on their own screen the whole catalogue once it has been run, else those of
 * readiness. */
size_t model_check_count(const struct model *m);
const hg_check_result *model_check(const struct model *m, size_t i);
bool model_smoked(const struct model *m);
const hg_pool_snapshot *model_pool(const struct model *m); /* the selected one */
const hg_revision *model_revision(const struct model *m);  /* the selected one */

/* The pools to show: those that are published on this host; where none can be, our own. */
const hg_pool_snapshot *model_pools(const struct model *m, size_t *out_count);
/* Whether it is the pool of a console, which uses it for looking only. */
bool model_looks_on(const hg_pool_snapshot *pool);
const struct pool_past *model_past(const struct model *m, const hg_pool_snapshot *pool);

/* model_cutover.c: the guided cutover. The run that is open, else the one that is over or the plan
 * of a new one, whichever is looked at; NULL: neither is known. */
const hg_cutover *model_cutover(const struct model *m);
const hg_cutover *model_cutover_open(const struct model *m); /* NULL: none is */
enum stand model_stand(const struct model *m);

/* For how long nobody has been able to write; -1: they can. */
int64_t model_frozen_ms(const struct model *m);

/* Whether the database that is looked at is the frozen source, which the console has let go of. */
bool model_source_frozen(const struct model *m);

/* What the next step of the wizard asks, and why a command of its screen cannot be done now. */
enum wizard_ask model_wizard_next(const struct model *m);
const char *model_wizard_refusal(const struct model *m, enum command command);
int64_t model_wizard_wake_ms(const struct model *m);

/* The selected session of a server, or NULL. */
const hg_server_session *model_session(const struct model *m);

/* The session of a run that waits for a lock, and the first that keeps it waiting; NULL: none. */
const hg_server_session *model_run_waits(const struct model *m);
const hg_server_session *model_in_the_way(const struct model *m);

/* Whether it runs a statement now. */
bool model_is_active(const hg_server_session *s);

/* The session of that backend, or NULL. */
const hg_server_session *model_session_of(const struct model *m, int64_t backend_pid);

/* Whether the database answered the last time it was asked, and is not late now. */
bool model_db_answers(const struct model *m);

/* Rows of a list that are shown, and which of all its rows the shown one `index` is. */
size_t model_rows(const struct model *m, enum pane list);
size_t model_row(const struct model *m, enum pane list, size_t index);
/* The selected row; false: there is none. */
bool model_selected(const struct model *m, enum pane list, size_t *out_row);

/* The operation behind a change, as the command line knows it. */
const struct action *model_action(hg_migrate_kind kind);

/* The newest note, or NULL; age 0 is the newest. */
const struct note *model_note(const struct model *m, size_t age);

/* Whether changes of the database are allowed from here, apart from what each is asked. */
bool model_armed(const struct model *m);

/* Whether something is under way that changes a database. */
bool model_busy(const struct model *m);

/* Whether nothing on the screen would change by itself as long as there are no news. */
bool model_calm(const struct model *m);

/* Whether the pulse brings the news, and nothing else has to be asked; not when it is overdue. */
bool model_pulses(const struct model *m);

/* Whether somebody looks at what a feed tells. */
bool model_wants(const struct model *m, enum feed_id feed);

/* Whether the console wants to hear of the mouse: not while text is to be marked with it. */
bool model_takes_mouse(const struct model *m);

/* Whether nothing is asked because another window has the keyboard. */
bool model_paused(const struct model *m);

/* Since when nothing is asked, for that reason or because the user wants it so; 0: it is. */
int64_t model_still_wall_ms(const struct model *m);

/* How often to ask now: seldom while another window has the keyboard and something is under way.
 * 0: only when asked to. */
int model_refresh_ms(const struct model *m);

/* Why this command cannot be done now, or NULL when it can. */
const char *model_refusal(const struct model *m, enum command command);

/* The point in time (now_ms) at which a tick is wanted. */
int64_t model_wake_ms(const struct model *m);

#endif
