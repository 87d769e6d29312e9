/*
 * naming.h - how a migration's file is called: 20261123055800_add_accounts.sql. Pure.
 */
#ifndef MIGRATE_NAMING_H
#define MIGRATE_NAMING_H

enum { NAMING_SLUG_MAX = 48, NAMING_DIGITS = 14 };

/* What a name may be made of everywhere: letters and digits, everything else one underscore. */
void naming_slug(const char *message, char out[NAMING_SLUG_MAX + 1]);

/* The number that a file's name begins with, when it is one of ours; else 0. */
long long naming_number(const char *path);

#endif
