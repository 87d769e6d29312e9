/*
 * log.h - structured lines to one sink, secrets removed, control bytes made visible. Any thread.
 *
 *     log_line(LOG_WARN, "pool", "connect failed", "code", "57P03", "next_ms", "400", NULL);
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Receives one whole line without its end. Called under the log's lock: it must not log. */
typedef void log_sink(void *context, enum log_level level, const char *line);

/* Lines below `least` are not made. sink NULL (as at start): nobody listens. */
void log_to(log_sink *sink, void *context, enum log_level least);

/* Whether a line of this level would be seen: for callers to whom making it is dear. */
bool log_wants(enum log_level level);

/* room: who says it; message: what; then pairs of name and value (both texts), ended by NULL. */
void log_line(enum log_level level, const char *room, const char *message, ...)
    __attribute__((sentinel));

const char *log_level_name(enum log_level level); /* "debug", "info", "warn", "error" */

#endif
