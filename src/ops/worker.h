/*
 * worker.h - an operation in a process of its own that outlives the terminal it was started from.
 * Must not know what the operation is.
 *
 * In the runtime folder, for its user alone (0600), stand two files: worker-ID.journal, to which
 * every event is appended, and worker-ID.sock, which sends the journal to whoever attaches, from
 * its beginning and then as it grows. When somebody has been told how it ended, an empty
 * worker-ID.seen stands there too. Both are lines of JSON:
 *
 *     {"headgate":"0.1.0","command":"up","subject":"postgresql://app:***@db/app","started_ms":...}
 *     {"pid":4711}
 *     {"kind":"done","subject":"3f9a1c0b7d21","message":"applied","unit":"step","done":1,...}
 *     {"exit":0,"stdout":"...","stderr":"...","document":"..."}
 *
 * A journal without the last line whose socket nobody answers belongs to a worker that has died.
 * Journals are kept for a week.
 */
#ifndef OPS_WORKER_H
#define OPS_WORKER_H

#include <sys/types.h>

#include <headgate/error.h>
#include <headgate/observer.h>

/* --- the worker's side --- */

struct worker;

enum { WORKER_ID = 16 };

/* What the first lines of its journal tell. */
struct worker_info {
    char id[WORKER_ID + 1];
    char command[16];
    int64_t started_ms; /* Unix time */
    int64_t pid;
};

/*
 * Forks. In the parent *out_worker is NULL; the child has no terminal, no standard streams and its
 * own session. Only while the process has one thread. subject: what the operation changes, so that
 * it is found again. out_info: whole in the parent. err: HG_IO, HG_NOMEM.
 */
bool worker_start(const char *dir, const char *command, const char *subject,
                  struct worker **out_worker, struct worker_info *out_info, hg_error *err);

/* Appends an event, while the disk has room for it and the outcome; also the context of an
 * observer's on_event. */
void worker_event(void *worker, const hg_event *event);

/* Whether somebody who is attached, or a signal, has asked the operation to stop; an observer's
 * cancelled(). */
bool worker_cancelled(void *worker);

/* What the command would have printed. Texts may be "". */
struct worker_outcome {
    int exit_status;
    const char *out, *errors, *document;
};

/* Appends the outcome, waits a moment for those who are attached to hear it, frees. */
void worker_end(struct worker *worker, const struct worker_outcome *outcome);

/* --- the side of those who watch --- */

/* The newest worker for a subject. working: only one that is alive; otherwise also one that has
 * ended. false: there is none. */
bool worker_find(const char *dir, const char *subject, bool working, struct worker_info *out);

/* Unix time in ms of the last thing that it has written down: of one that has ended, its end. */
int64_t worker_last_ms(const char *dir, const char *id);

/* Somebody has been told how it ended, and it need not be told to whoever comes next. */
void worker_see(const char *dir, const char *id);
bool worker_is_seen(const char *dir, const char *id);

struct worker_watcher {
    void (*on_event)(void *context, const hg_event *event);
    void (*on_outcome)(void *context, const struct worker_outcome *outcome);
    bool (*leave)(void *context); /* asked often; true: stop watching, the worker goes on */
    bool (*stop)(void *context);  /* asked often; true: the operation is asked to stop. NULL: never
                                   */
    void *context;
};

enum worker_end { WORKER_ENDED, WORKER_LEFT, WORKER_DIED, WORKER_FAILED };

/*
 * Watches a worker, also one that has ended. WORKER_ENDED: on_outcome was called; WORKER_DIED: it
 * was killed; WORKER_FAILED: see err.
 */
enum worker_end worker_watch(const char *dir, const char *id, const struct worker_watcher *watcher,
                             hg_error *err);

#endif
