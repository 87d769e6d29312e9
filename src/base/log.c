/*
 * log.c - one line: time, level, room, message, name=value.
 */
#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "secret.h"
#include "text.h"

static pthread_mutex_t lock =
    PTHREAD_MUTEX_INITIALIZER; /* guards sink and context; nothing is locked under it */
static log_sink *sink;
static void *sink_context;
static atomic_int least_level = LOG_ERROR + 1; /* lines below are not made */

static void hold(void)
{
    pthread_mutex_lock(&lock);
}

static void let_go(void)
{
    pthread_mutex_unlock(&lock);
}

/* A forked child may log, whoever was logging when it was made. */
__attribute__((constructor)) static void mind_forks(void)
{
    pthread_atfork(hold, let_go, let_go);
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    return names[level];
}

void log_to(log_sink *to, void *context, enum log_level least)
{
    pthread_mutex_lock(&lock);
    sink = to;
    sink_context = context;
    pthread_mutex_unlock(&lock);
    atomic_store(&least_level, to == NULL ? LOG_ERROR + 1 : (int)least);
}

bool log_wants(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

/* As it is, or in quotes with \" for a quote: a value cannot pass for another pair. */
static void append_value(struct buf *line, const char *value)
{
    bool quote = value[0] == '\0' || strpbrk(value, " \"=") != NULL;

    if (!quote) {
        text_show(line, value);
        return;
    }
    buf_char(line, '"');
    while (*value != '\0') {
        size_t plain = strcspn(value, "\"");

        text_visible(line, value, plain);
        value += plain;
        if (*value == '"') {
            buf_text(line, "\\\"");
            value++;
        }
    }
    buf_char(line, '"');
}

void log_line(enum log_level level, const char *room, const char *message, ...)
{
    struct buf line = BUF_INIT(16 * 1024);
    char when[32];
    const char *name;
    va_list args;

    if (!log_wants(level))
        return;
    buf_printf(&line, "%s %-5s %s: ", clock_format_utc(clock_wall_ms(), when, sizeof when),
               log_level_name(level), room);
    text_show(&line, message);
    va_start(args, message);
    while ((name = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);

        buf_printf(&line, " %s=", name);
        append_value(&line, value == NULL ? "-" : value);
    }
    va_end(args);
    if (line.room > 0)
        secret_scrub(line.bytes, line.room);
    pthread_mutex_lock(&lock);
    if (sink != NULL)
        sink(sink_context, level, line.bytes);
    pthread_mutex_unlock(&lock);
    buf_release(&line);
}
