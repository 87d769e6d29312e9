/*
 * temp.h - a folder of a test's own, removed with all that is in it.
 */
#ifndef SUPPORT_TEMP_H
#define SUPPORT_TEMP_H

#include <stddef.h>

/* Makes a new folder that any user may enter; exits the test program when it cannot. Freed by
 * temp_dir_remove(). It lies in TMPDIR, where that is set and leaves room for the path of a socket.
 */
char *temp_dir_make(void);

/* The same for what makes and removes thousands of files: in memory where there is plenty of it and
 * TMPDIR names no other place. */
char *temp_dir_make_quick(void);
void temp_dir_remove(char *dir); /* NULL is fine */

/* Writes dir/name (folders of name are made), for fixtures. */
void temp_write(const char *dir, const char *name, const char *text);

/* dir/name, allocated with malloc(); the test frees it. */
char *temp_path(const char *dir, const char *name);

#endif
