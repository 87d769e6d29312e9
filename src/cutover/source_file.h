/*
 * source_file.h - the file that a run has frozen: whether it stands where it stood, and putting it
 * back. A deployment may replace the folder that it lies in, and what opens the same path
 * afterwards opens another file, or makes one that nobody has frozen.
 */
#ifndef CUTOVER_SOURCE_FILE_H
#define CUTOVER_SOURCE_FILE_H

#include "world.h"

enum source_file { SOURCE_SAME, SOURCE_GONE, SOURCE_REPLACED };

/* Which of them, by device and inode as the journal has them. A run that has frozen nothing: same.
 */
enum source_file source_file_state(const struct world *world);

/* Writes down which file it is, and whose. */
void source_file_note(const struct world *world, json_t *facts);

/* A refusal that says what to do about a file that is gone or was replaced; true: it is the same.
 */
bool source_file_is_there(const struct world *world, hg_error *err);

/* Puts a copy of the run's snapshot, which is frozen as the source was, where the source stood, and
 * opens the pools anew. Same: nothing. err: HG_REFUSED (another file is there, there is no
 * snapshot, or it is not what it was), HG_IO. */
bool source_file_put_back(struct world *world, const char *step, hg_error *err);

#endif
