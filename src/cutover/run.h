/*
 * run.h - the folders of runs, and what lies in them.
 *
 *     STATE/runs/20261123-1405/journal.jsonl   what was done
 *                             /runbook.json    what there is to do, as it was when the run began
 *                             /orders/         what people want of whoever works on it
 *                             /report.md       all of it, once it is over; report.json
 *     STATE/rehearsals/20261122-0930/          the same for a rehearsal
 */
#ifndef CUTOVER_RUN_H
#define CUTOVER_RUN_H

#include <headgate/cutover.h>

#include "journal.h"
#include "runbook.h"

struct buf;

enum { RUN_PATH = 4096, WHO_ROOM = 64 };

/* The newest run's folder. err: HG_FAILED (there is none), HG_IO. */
bool run_newest(const hg_settings *settings, char dir[RUN_PATH], hg_error *err);

/* The folder of the run or rehearsal of this name; NULL: of the newest run. Same errors. */
bool run_find(const hg_settings *settings, const char *name, char dir[RUN_PATH], hg_error *err);

/* The newest run or rehearsal before the one of this name; false: there is none. out_name may be
 * the same as name. */
bool run_before(const hg_settings *settings, const char *name, char out_name[JOURNAL_RUN_MAX],
                char out_dir[RUN_PATH]);

/* A folder for a new run, which nobody sees before run_publish(), and the run's name. err: HG_IO.
 */
bool run_make(const hg_settings *settings, bool rehearsal, char dir[RUN_PATH],
              char run[JOURNAL_RUN_MAX], hg_error *err);

/* Gives the folder of a new run, once its journal has begun, its name: a run is there whole or not
 * at all. dir: becomes the new one. */
bool run_publish(const hg_settings *settings, bool rehearsal, const char *run, char dir[RUN_PATH],
                 hg_error *err);

/* Keeps every other process from beginning a run until run_unlock(); waits for one that does. */
bool run_lock(const hg_settings *settings, int *out_lock, hg_error *err);
void run_unlock(int lock);

bool run_path(const char *dir, const char *name, char out[RUN_PATH], hg_error *err);

/* The runbook of a run. The caller's until runbook_free(). */
bool run_load_book(const char *dir, struct loaded_runbook **out_book, hg_error *err);

/* The text of a runbook by its name or file; file: which name its faults get. */
bool run_read_book(const char *name, struct buf *out, hg_error *err);

/* The person, as far as the operating system knows. */
const char *run_who(char room[WHO_ROOM]);

/* The whole path of the SQLite file that a cutover begins at. err: HG_CONFIG, HG_NO_DATABASE. */
bool run_source(const hg_settings *settings, char out[RUN_PATH], hg_error *err);

/* --- orders --- */

struct order {
    hg_cutover_order kind;
    char actor[64];
    char text[512];
};

const char *order_name(hg_cutover_order order); /* "answer", "pause", ... */

/* Leaves an order; it is there whole or not at all. */
bool order_leave(const char *dir, const struct order *order, hg_error *err);

/* Takes the oldest; false: there is none. What cannot be read is thrown away. */
bool order_take(const char *dir, struct order *out);

#endif
