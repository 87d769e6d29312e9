/*
 * postgres_parts.h - what the files of postgres.h share: texts, and giving up.
 *
 *   postgres.c           the server
 *   postgres_database.c  its databases, and URLs to them
 */
#ifndef SUPPORT_POSTGRES_PARTS_H
#define SUPPORT_POSTGRES_PARTS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/postgres.h"

__attribute__((noreturn, format(printf, 1, 2))) static inline void give_up(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("the tests' PostgreSQL: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

__attribute__((format(printf, 1, 2))) static inline char *text(const char *format, ...)
{
    va_list args;
    char *out = NULL;

    va_start(args, format);
    if (vasprintf(&out, format, args) < 0)
        give_up("memory ran out");
    va_end(args);
    return out;
}

#endif
