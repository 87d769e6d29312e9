/*
 * highlight.h - a role for every byte of SQL, for reading; it splits nothing and judges nothing.
 * Pure.
 */
#ifndef CONSOLE_HIGHLIGHT_H
#define CONSOLE_HIGHLIGHT_H

#include <stddef.h>
#include <stdint.h>

/* roles has room for n: ROLE_SQL, ROLE_SQL_KEYWORD, ROLE_SQL_STRING or ROLE_SQL_COMMENT each. */
void highlight_sql(const char *sql, size_t n, uint8_t *roles);

#endif
