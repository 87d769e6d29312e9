/*
 * exposition.h - (pure) whether a page of metrics is in Prometheus' text format, version 0.0.4.
 */
#ifndef CHECKS_EXPOSITION_H
#define CHECKS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

/* bytes: NUL-terminated behind n. out_samples: how many there are; out_line: the first that is
 * wrong, from 1; 0: the page does not end with a line, or is no text. */
bool exposition_check(const char *bytes, size_t n, size_t *out_samples, size_t *out_line);

#endif
