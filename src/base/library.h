/*
 * library.h - a shared library that is loaded when somebody needs it for the first time, as a
 * struct of its functions under their own names.
 *
 *     #define PQ_TABLE(X) X(PQstatus) X(PQfinish)
 *     struct pq { PQ_TABLE(LIBRARY_MEMBER) };
 *     static struct pq functions;
 *     static const struct library_row rows[] = {
 *     #define ROW(name) LIBRARY_ROW(struct pq, name)
 *         PQ_TABLE(ROW)
 *     };
 *     static struct library library = {..., rows, sizeof rows / sizeof *rows, &functions, ...};
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <headgate/error.h>

#define LIBRARY_MEMBER(name)    __typeof__(&name) name;
#define LIBRARY_ROW(type, name) {#name, offsetof(type, name)},

struct library_row {
    const char *name;
    size_t at; /* of its pointer in the struct */
};

/* Static, and for the rest of the process: threads may be inside the library. */
struct library {
    const char *what; /* "the HTTP client's library" */
    const char
        *files[2];    /* names of it, the first that is there is taken; the second may be NULL */
    const char *hint; /* when it is not there */
    const char *hint_old; /* when it lacks a function */
    const struct library_row *rows;
    size_t row_count;
    void *functions;
    /* What else is to be done once, before anybody uses it; NULL: nothing. handle: of dlopen(). */
    bool (*begin)(void *handle, hg_error *err);

    pthread_mutex_t lock; /* guards what follows and the loading; innermost */
    bool loaded;
};

/* Loads it unless it is; any thread. err: HG_UNSUPPORTED, what begin() says. */
bool library_load(struct library *library, hg_error *err);

#endif
