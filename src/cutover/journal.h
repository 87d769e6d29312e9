/*
 * journal.h - what a cutover has done, on disk before and after it does it.
 *
 * One file, one JSON object a line, appended and synced before the call returns. Each record
 * carries the hash of the one before it, so that a record that was edited, removed or moved is
 * found; a torn last line, which a crash or a full disk leaves, is cut off and said. One process at
 * a time writes.
 *
 * The journal must not know what the steps mean: that is the runbook's.
 */
#ifndef CUTOVER_JOURNAL_H
#define CUTOVER_JOURNAL_H

#include <jansson.h>

#include <headgate/error.h>

enum { JOURNAL_RUN_MAX = 40, JOURNAL_STEP_MAX = 16, JOURNAL_HASH_SIZE = 65, JOURNAL_KEY_SIZE = 64 };

enum journal_event {
    JOURNAL_OPEN,     /* the run begins */
    JOURNAL_INTENT,   /* a step is about to act */
    JOURNAL_EFFECT,   /* a step has changed something that its undo needs to know */
    JOURNAL_DONE,     /* a step has acted and its verification held */
    JOURNAL_FAILED,   /* a step has failed, or its verification did not hold */
    JOURNAL_UNDO,     /* a step is about to be taken back */
    JOURNAL_UNDONE,   /* a step has been taken back */
    JOURNAL_DECISION, /* a person has answered */
    JOURNAL_ATTEST,   /* a person has said that something holds which nobody else can know */
    JOURNAL_WAIVE,    /* a person has set a finding aside, with a reason */
    JOURNAL_NOTE,     /* a remark, of a person or of the journal itself */
    JOURNAL_RESUME,   /* another process goes on */
    JOURNAL_ABORT,    /* from here on steps are taken back */
    JOURNAL_CLOSE,    /* the run is over */
    JOURNAL_EVENTS
};

const char *journal_event_name(enum journal_event event); /* "INTENT" */

/* One record. Texts and data are borrowed from the journal that holds it. */
struct journal_record {
    int64_t seq;      /* from 1, without a gap */
    int64_t at_ms;    /* Unix time */
    int64_t mono_ms;  /* the monotonic clock of the machine's boot */
    const char *boot; /* which boot that was */
    const char *host;
    const char *actor;
    int64_t pid;
    const char *step; /* "" when it belongs to none */
    enum journal_event event;
    const json_t *data; /* an object, or NULL */
};

struct buf;
struct journal;

/*
 * Begins a journal in a folder, which is made with mode 0700; HG_IO when there is one already. run:
 * a name of up to 39 characters. actor: the person, as far as the machine knows. out_journal: the
 * caller's until journal_close().
 */
bool journal_create(const char *dir, const char *run, const char *actor,
                    struct journal **out_journal, hg_error *err);

/*
 * Opens a journal to go on with it. err: HG_LOCKED (another process has it: the message says
 * which), HG_FILE (a record was changed or is missing, with its line), HG_IO.
 */
bool journal_open(const char *dir, const char *actor, struct journal **out_journal, hg_error *err);

/* Reads a journal that another process may be writing. Nothing is changed; the torn end of a record
 * that is being written is left out. Same errors, without HG_LOCKED. */
bool journal_read(const char *dir, struct journal **out_journal, hg_error *err);

void journal_close(struct journal *journal); /* NULL is fine */

/* Whether a process has the journal of this folder open to write. */
bool journal_is_held(const char *dir);

/*
 * Appends a record and waits until the disk has it. data: an object or NULL; taken over, also on
 * failure. After a failure the file is as before. err: HG_DISK_FULL, HG_IO, HG_NOMEM; HG_MISUSE
 * when the journal was opened for reading, or an earlier failure could not be cleaned up.
 */
bool journal_append(struct journal *journal, const char *step, enum journal_event event,
                    json_t *data, hg_error *err);

/* From here on nothing is written: as if the process had been killed. */
void journal_break(struct journal *journal);

size_t journal_count(const struct journal *journal);
const struct journal_record *journal_at(const struct journal *journal, size_t index);
/* The last record of a step with this event, or NULL. */
const struct journal_record *journal_last(const struct journal *journal, const char *step,
                                          enum journal_event event);

/* Appends the line of a record as it stands in the file, with its end. false: memory ran out. */
bool journal_line(const struct journal *journal, size_t index, struct buf *out);

const char *journal_run_id(const struct journal *journal);
/* The name and the beginning of its first record's hash, into at least JOURNAL_KEY_SIZE bytes: two
 * instances may give the same name in the same minute. */
void journal_key(const struct journal *journal, char *out);
const char *journal_head(const struct journal *journal); /* the hash of the last record */
bool journal_was_torn(const struct journal *journal);    /* the end of the file was cut off */

/* Milliseconds since a record: by the monotonic clock when the machine has not been restarted
 * since, by the wall clock otherwise, and never less than nothing. */
int64_t journal_since_ms(const struct journal_record *record);

/* Space that is set aside when the journal begins, so that a full disk does not keep an abort from
 * being written down. */
enum { JOURNAL_RESERVE = 256 * 1024 };

#endif
