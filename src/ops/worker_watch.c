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
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "worker.h"
#include "worker_files.h"

enum { CHUNK = 16 * 1024, LINE_LIMIT = 256 << 20, ASK_MS = 100, HEADER_ROOM = 8192 };

/* --- finding --- */

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

static bool is_alive(const char *dir, const char *id)
{
    int fd = connect_to(dir, id);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The beginning of a journal: of a long one no more than its first lines are wanted. */
static bool read_beginning(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

    if (fd >= 0)
        close(fd);
    out[n < 0 ? 0 : n] = '\0';
    return n > 0;
}

/* Takes a line off the text; NULL: there is no whole one, or it is no JSON. */
static json_t *next_line(const char **text)
{
    const char *start = *text, *end = strchr(start, '\n');

    if (end == NULL)
        return NULL;
    *text = end + 1;
    return json_loadb(start, (size_t)(end - start), 0, NULL);
}

/* Whether a journal's first line is about the subject; what its first lines tell. */
static bool read_header(const char *path, const char *subject, struct worker_info *out)
{
    char text[HEADER_ROOM];
    const char *at = text, *about, *command;
    json_t *first = NULL, *second = NULL;
    bool ours = false;

    if (read_beginning(path, text, sizeof text)) {
        first = next_line(&at);
        second = next_line(&at);
        about = json_string_value(json_object_get(first, "subject"));
        command = json_string_value(json_object_get(first, "command"));
        ours = about != NULL && strcmp(about, subject) == 0;
        text_copy(out->command, sizeof out->command, command == NULL ? "" : command);
        out->started_ms = json_integer_value(json_object_get(first, "started_ms"));
        out->pid = json_integer_value(json_object_get(second, "pid"));
    }
    json_decref(first);
    json_decref(second);
    return ours;
}

/* Whether the file of that name is the journal of a worker for the subject. */
static bool look_at(const char *dir, const char *name, const char *subject, bool working,
                    struct worker_info *out)
{
    char path[WORKER_PATH + 64];

    if (strncmp(name, "worker-", 7) != 0 || strcspn(name + 7, ".") != WORKER_ID)
        return false;
    text_copy(out->id, sizeof out->id, name + 7);
    return (!working || is_alive(dir, out->id))
           && worker_path(path, sizeof path, dir, out->id, "journal")
           && read_header(path, subject, out);
}

bool worker_find(const char *dir, const char *subject, bool working, struct worker_info *out)
{
    struct worker_info info = {.started_ms = 0}, newest = {.started_ms = -1};
    struct file_list names;

    if (!file_list(dir, ".journal", &names, NULL))
        return false;
    for (size_t i = 0; i < names.count; i++)
        if (look_at(dir, names.names[i], subject, working, &info)
            && info.started_ms >= newest.started_ms)
            newest = info;
    file_list_release(&names);
    if (newest.started_ms >= 0)
        *out = newest;
    return newest.started_ms >= 0;
}

int64_t worker_last_ms(const char *dir, const char *id)
{
    char path[WORKER_PATH + 64];
    struct stat about;

    return worker_path(path, sizeof path, dir, id, "journal") && stat(path, &about) == 0
               ? (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / 1000000
               : 0;
}

void worker_see(const char *dir, const char *id)
{
    char path[WORKER_PATH + 64];
    int fd = worker_path(path, sizeof path, dir, id, "seen")
                 ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)
                 : -1;

    if (fd >= 0)
        close(fd);
}

bool worker_is_seen(const char *dir, const char *id)
{
    char path[WORKER_PATH + 64];

    return worker_path(path, sizeof path, dir, id, "seen") && access(path, F_OK) == 0;
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

static bool receive(int fd, struct buf *text)
{
    char bytes[CHUNK];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);

    if (n > 0)
        buf_bytes(text, bytes, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

/* A copy of days tells much: what was taken is let go. */
static bool take_and_drop(const struct worker_watcher *watcher, struct buf *text, size_t *done)
{
    size_t taken = 0;
    bool last = take_lines(watcher, text, &taken);

    if (taken > 0)
        memmove(text->bytes, text->bytes + taken, text->size - taken);
    buf_truncate(text, text->size - taken);
    *done += taken;
    return last;
}

/* While it lives its socket speaks. WORKER_DIED: it has hung up before the last line. */
static enum worker_end listen_to(int fd, const struct worker_watcher *watcher, struct buf *text,
                                 size_t *done)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    bool asked = false;

    for (;;) {
        if (!asked && watcher->stop != NULL && watcher->stop(watcher->context))
            asked = send(fd, "stop\n", 5, MSG_NOSIGNAL) > 0;
        if (watcher->leave != NULL && watcher->leave(watcher->context))
            return WORKER_LEFT;
        if (poll(&ready, 1, ASK_MS) <= 0)
            continue;
        if (!receive(fd, text))
            return WORKER_DIED;
        if (take_and_drop(watcher, text, done))
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

enum worker_end worker_watch(const char *dir, const char *id, const struct worker_watcher *watcher,
                             hg_error *err)
{
    struct buf text = BUF_INIT(LINE_LIMIT);
    enum worker_end end = WORKER_DIED;
    size_t done = 0;
    int fd = connect_to(dir, id);

    if (fd >= 0) {
        end = listen_to(fd, watcher, &text, &done);
        close(fd);
    }
    buf_release(&text);
    return end == WORKER_DIED ? read_rest(dir, id, watcher, done, err) : end;
}
