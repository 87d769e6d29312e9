/*
 * worker_watch.c - the side of those who watch a worker: finds it, reads its journal as it grows.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "worker.h"
#include "worker_files.h"

enum { CHUNK = 16 * 1024, LINE_LIMIT = 256 << 20, ASK_MS = 100 };

/* --- finding --- */

/* Whether a journal's first line is about the subject; when it was started. */
static bool read_header(const char *path, const char *subject, int64_t *out_started)
{
    struct buf text = BUF_INIT(LINE_LIMIT);
    json_t *line = NULL;
    bool ours = false;

    if (file_read(path, &text, NULL))
        line = json_loadb(text.bytes, strcspn(text.bytes, "\n"), 0, NULL);
    if (line != NULL) {
        const char *about = json_string_value(json_object_get(line, "subject"));

        ours = about != NULL && strcmp(about, subject) == 0;
        *out_started = json_integer_value(json_object_get(line, "started_ms"));
    }
    json_decref(line);
    buf_release(&text);
    return ours;
}

/* The newest worker's id; false: there is none. */
static bool find_newest(const char *dir, const char *subject, char id[WORKER_ID + 1])
{
    struct file_list names;
    int64_t newest = -1;

    if (!file_list(dir, ".journal", &names, NULL))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.names[i];
        char path[WORKER_PATH + 64];
        int64_t started;

        if (strncmp(name, "worker-", 7) != 0 || strcspn(name + 7, ".") != WORKER_ID
            || !file_join(path, sizeof path, dir, name) || !read_header(path, subject, &started)
            || started < newest)
            continue;
        newest = started;
        text_copy(id, WORKER_ID + 1, name + 7);
    }
    file_list_release(&names);
    return newest >= 0;
}

/* --- lines --- */

static void tell_event(const struct worker_watcher *watcher, const json_t *line)
{
    const char *subject = json_string_value(json_object_get(line, "subject"));
    const char *message = json_string_value(json_object_get(line, "message"));
    const char *unit = json_string_value(json_object_get(line, "unit"));

    watcher->on_event(
        watcher->context,
        &(hg_event){.kind = worker_kind(json_string_value(json_object_get(line, "kind"))),
                    .subject = subject == NULL ? "" : subject,
                    .message = message == NULL ? "" : message,
                    .unit = unit == NULL ? "" : unit,
                    .done = json_integer_value(json_object_get(line, "done")),
                    .total = json_integer_value(json_object_get(line, "total")),
                    .duration_ms = json_number_value(json_object_get(line, "duration_ms"))});
}

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));

    return text == NULL ? "" : text;
}

/* One line of the journal; true: it was the last one. */
static bool take_line(const struct worker_watcher *watcher, const char *bytes, size_t size)
{
    json_t *line = json_loadb(bytes, size, 0, NULL);
    bool last = json_object_get(line, "exit") != NULL;

    if (last)
        watcher->on_outcome(watcher->context,
                            &(struct worker_outcome){.exit_status = (int)json_integer_value(
                                                         json_object_get(line, "exit")),
                                                     .out = text_of(line, "stdout"),
                                                     .errors = text_of(line, "stderr"),
                                                     .document = text_of(line, "document")});
    else if (json_object_get(line, "kind") != NULL)
        tell_event(watcher, line);
    json_decref(line);
    return last;
}

/* Takes the whole lines off the front; what is left of the last one stays. */
static bool take_lines(const struct worker_watcher *watcher, struct buf *text, size_t *done)
{
    const char *end;
    bool last = false;

    while (!last && (end = memchr(text->bytes + *done, '\n', text->size - *done)) != NULL) {
        last = take_line(watcher, text->bytes + *done, (size_t)(end - text->bytes) - *done);
        *done = (size_t)(end - text->bytes) + 1;
    }
    return last;
}

/* --- watching --- */

static int connect_to(const char *dir, const char *id)
{
    int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    bool ok = folder >= 0 && fd >= 0 && worker_address(folder, id, &address)
              && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;

    if (folder >= 0)
        close(folder);
    if (!ok && fd >= 0)
        close(fd);
    return ok ? fd : -1;
}

static bool receive(int fd, struct buf *text)
{
    char bytes[CHUNK];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);

    if (n > 0)
        buf_bytes(text, bytes, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

/* While it lives its socket speaks. WORKER_DIED: it has hung up before the last line. */
static enum worker_end listen_to(int fd, const struct worker_watcher *watcher, struct buf *text,
                                 size_t *done)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    for (;;) {
        if (watcher->leave != NULL && watcher->leave(watcher->context))
            return WORKER_LEFT;
        if (poll(&ready, 1, ASK_MS) <= 0)
            continue;
        if (!receive(fd, text))
            return WORKER_DIED;
        if (take_lines(watcher, text, done))
            return WORKER_ENDED;
    }
}

/* When nobody answers, the journal has all there is; a worker that is just ending still writes. */
static enum worker_end read_rest(const char *dir, const char *id,
                                 const struct worker_watcher *watcher, size_t done, hg_error *err)
{
    struct buf text = BUF_INIT(LINE_LIMIT);
    char path[WORKER_PATH + 64];
    enum worker_end end = WORKER_DIED;

    if (!worker_path(path, sizeof path, dir, id, "journal") || !file_read(path, &text, err))
        end = WORKER_FAILED;
    else if (take_lines(watcher, &text, &done))
        end = WORKER_ENDED;
    buf_release(&text);
    return end;
}

enum worker_end worker_watch(const char *dir, const char *subject,
                             const struct worker_watcher *watcher, hg_error *err)
{
    struct buf text = BUF_INIT(LINE_LIMIT);
    char id[WORKER_ID + 1];
    enum worker_end end = WORKER_DIED;
    size_t done = 0;
    int fd;

    if (!find_newest(dir, subject, id))
        return WORKER_NONE;
    fd = connect_to(dir, id);
    if (fd >= 0) {
        end = listen_to(fd, watcher, &text, &done);
        close(fd);
    }
    buf_release(&text);
    return end == WORKER_DIED ? read_rest(dir, id, watcher, done, err) : end;
}
