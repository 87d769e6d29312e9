/*
 * copy_text.h - what a copy has done and found, for people. What came out of a database is shown
 * with control characters made visible.
 */
#ifndef CLI_COPY_TEXT_H
#define CLI_COPY_TEXT_H

#include "cli.h"

/* Appends it. failed: the operation has. */
void copy_text_put(struct buf *out, const hg_copy_result *result, bool failed);

/* Appends how many pages have changed, where pages were compared. */
void copy_text_pages(struct buf *out, const hg_copy_result *result);

#endif
