/*
 * sieve.h - rows that differ, of a table in which no whole number tells them apart.
 */
#ifndef COPY_SIEVE_H
#define COPY_SIEVE_H

#include "run.h"

/* Adds the first rows that differ to the run's differences, and how many there are to its problems.
 * Reads both sides three times, on the worker's connections; one table at a time. */
bool sieve_table(struct run *run, struct hand *hand, size_t table, hg_error *err);

#endif
