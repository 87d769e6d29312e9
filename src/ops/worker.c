/*
 * worker.c - the worker's side: the journal, and a thread that sends it to those who are attached.
 *
 * The thread touches nothing but the journal file and its sockets. The operation appends whole
 * lines and rings a bell; the thread sends each watcher what it has not had yet.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/rand.h"
#include "base/text.h"
#include "json.h"
#include "said.h"
#include "worker_files.h"

enum { WATCHERS = 16, CHUNK = 16 * 1024, BACKLOG = 8, FAREWELL_MS = 2000, KEEP_DAYS = 7 };

enum { LAST_LINE = 256 * 1024 }; /* kept free on the disk for how it ended */

struct watcher {
    int fd; /* -1: none */
    off_t sent;
};

struct worker {
    int journal, listener, bell; /* -1: none */
    char dir[WORKER_PATH], id[WORKER_ID + 1];
    off_t reserved; /* up to here the disk has room for the journal */
    atomic_bool ended;
    struct watcher watchers[WATCHERS];
    pthread_t thread;
    bool has_thread;
};

static atomic_bool stop_asked; /* by a signal or by somebody who is attached */

/* --- files --- */

bool worker_path(char *out, size_t size, const char *dir, const char *id, const char *suffix)
{
    return snprintf(out, size, "%s/worker-%s.%s", dir, id, suffix) < (int)size;
}

/* A socket's address has room for a hundred bytes: the folder is named by its descriptor. */
bool worker_address(int dir, const char *id, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    return snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/worker-%s.sock", dir, id)
           < (int)sizeof out->sun_path;
}

static const char *const kinds[] = {
    [HG_EVENT_STEP_STARTED] = "started", [HG_EVENT_STEP_PROGRESS] = "progress",
    [HG_EVENT_STEP_DONE] = "done",       [HG_EVENT_STEP_FAILED] = "failed",
    [HG_EVENT_WAITING] = "waiting",      [HG_EVENT_NOTE] = "note",
};

const char *worker_kind_name(hg_event_kind kind)
{
    return (size_t)kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "note";
}

hg_event_kind worker_kind(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], name) == 0)
            return (hg_event_kind)i;
    return HG_EVENT_NOTE;
}

static bool fail_io(const char *what, const char *dir, hg_error *err)
{
    return hg_fail(err, HG_IO, "could not %s in \"%s\": %s", what, dir, strerror(errno));
}

static bool open_listener(struct worker *w, hg_error *err)
{
    int dir = open(w->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct sockaddr_un address;
    bool ok = false;

    w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dir >= 0 && w->listener >= 0 && worker_address(dir, w->id, &address)) {
        mode_t before = umask(0177);

        ok = bind(w->listener, (const struct sockaddr *)&address, sizeof address) == 0
             && listen(w->listener, BACKLOG) == 0;
        umask(before);
    }
    if (!ok)
        fail_io("listen", w->dir, err);
    if (dir >= 0)
        close(dir);
    return ok;
}

static bool open_journal(struct worker *w, hg_error *err)
{
    char path[WORKER_PATH + 64];

    if (!worker_path(path, sizeof path, w->dir, w->id, "journal"))
        return hg_fail(err, HG_IO, "the path of the runtime folder is too long");
    w->journal = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    return w->journal >= 0 || fail_io("make a journal", w->dir, err);
}

/* What belongs to a journal goes with it: of one that was killed also its socket. */
static void remove_files(const char *dir, const char *id)
{
    static const char *const suffixes[] = {"sock", "seen", "journal"};
    char path[WORKER_PATH + 64];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (worker_path(path, sizeof path, dir, id, suffixes[i]))
            unlink(path);
}

/* Journals that nobody will ask for any more. */
static void sweep(const char *dir)
{
    struct file_list names;

    if (!file_list(dir, ".journal", &names, NULL))
        return;
    for (size_t i = 0; i < names.count; i++) {
        char path[WORKER_PATH + 64], id[WORKER_ID + 1];
        struct stat about;

        if (strncmp(names.names[i], "worker-", 7) != 0
            || strcspn(names.names[i] + 7, ".") != WORKER_ID
            || !file_join(path, sizeof path, dir, names.names[i]) || stat(path, &about) != 0
            || about.st_mtime >= time(NULL) - KEEP_DAYS * 24 * 3600)
            continue;
        text_copy(id, sizeof id, names.names[i] + 7);
        remove_files(dir, id);
    }
    file_list_release(&names);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < WATCHERS; i++)
        close_fd(&w->watchers[i].fd);
    close_fd(&w->journal);
    close_fd(&w->listener);
    close_fd(&w->bell);
    alloc_free(w);
}

/* --- the thread --- */

static void accept_one(struct worker *w)
{
    int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    for (size_t i = 0; fd >= 0 && i < WATCHERS; i++) {
        if (w->watchers[i].fd >= 0)
            continue;
        w->watchers[i] = (struct watcher){.fd = fd};
        return;
    }
    close_fd(&fd);
}

/* Sends what the watcher has not had; false: it has it all, or takes no more now. */
static bool send_more(struct worker *w, struct watcher *to)
{
    char bytes[CHUNK];
    ssize_t n = pread(w->journal, bytes, sizeof bytes, to->sent);
    ssize_t taken = n <= 0 ? n : send(to->fd, bytes, (size_t)n, MSG_NOSIGNAL);

    if (taken > 0)
        to->sent += taken;
    else if (taken < 0 && errno != EAGAIN && errno != EINTR)
        close_fd(&to->fd);
    return taken > 0;
}

/* One word: whatever a watcher says asks the operation to stop; nothing says that it left. */
static void hear(struct watcher *from)
{
    char word[64];
    ssize_t n = recv(from->fd, word, sizeof word, 0);

    if (n > 0)
        atomic_store(&stop_asked, true);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(&from->fd);
}

static bool all_is_said(const struct worker *w)
{
    struct stat about;
    bool said = fstat(w->journal, &about) == 0;

    for (size_t i = 0; said && i < WATCHERS; i++)
        said = w->watchers[i].fd < 0 || w->watchers[i].sent >= about.st_size;
    return said;
}

static void wait_for_something(struct worker *w, int wait_ms)
{
    struct pollfd fds[WATCHERS + 2] = {{.fd = w->listener, .events = POLLIN},
                                       {.fd = w->bell, .events = POLLIN}};
    uint64_t rings;

    for (size_t i = 0; i < WATCHERS; i++)
        fds[i + 2] = (struct pollfd){.fd = w->watchers[i].fd, .events = POLLIN};
    if (poll(fds, WATCHERS + 2, wait_ms) <= 0)
        return;
    if (fds[0].revents != 0)
        accept_one(w);
    if (fds[1].revents != 0)
        (void)!read(w->bell, &rings, sizeof rings);
    for (size_t i = 0; i < WATCHERS; i++)
        if (fds[i + 2].fd >= 0 && fds[i + 2].revents != 0)
            hear(&w->watchers[i]);
}

static void *serve(void *worker)
{
    struct worker *w = worker;
    hg_deadline farewell = hg_deadline_never();
    bool leaving = false;

    while (hg_deadline_left_ms(farewell) > 0 && !(leaving && all_is_said(w))) {
        wait_for_something(w, leaving ? 10 : 200); /* a watcher that was slow is tried again */
        for (size_t i = 0; i < WATCHERS; i++)
            while (w->watchers[i].fd >= 0 && send_more(w, &w->watchers[i]))
                ;
        if (!leaving && atomic_load(&w->ended)) {
            leaving = true;
            farewell = hg_deadline_in_ms(FAREWELL_MS);
        }
    }
    return NULL;
}

/* --- the operation's side --- */

/* Whole or not at all. */
static bool write_line(struct worker *w, json_t *line)
{
    struct buf text = BUF_INIT(256 << 20);
    bool whole = json_part_finish(&text, line);
    ssize_t n = whole ? write(w->journal, text.bytes, text.size) : 0;
    struct stat about;

    whole = whole && n == (ssize_t)text.size;
    if (!whole && n > 0 && fstat(w->journal, &about) == 0)
        (void)!ftruncate(w->journal, about.st_size - n);
    buf_release(&text);
    return whole;
}

static void ring(struct worker *w)
{
    const uint64_t once = 1;

    (void)!write(w->bell, &once, sizeof once);
}

static bool is_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* Whether the last line would still find room behind another one; also where that cannot be known.
 */
static bool has_room(struct worker *w)
{
    struct stat about;
    struct rlimit limit;

    if (fstat(w->journal, &about) != 0 || about.st_size + LAST_LINE <= w->reserved)
        return true;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0
        && (rlim_t)about.st_size + 2 * (rlim_t)LAST_LINE > limit.rlim_cur) {
        errno = EFBIG; /* reserving does not ask for it */
        return false;
    }
    if (fallocate(w->journal, FALLOC_FL_KEEP_SIZE, about.st_size, 2 * LAST_LINE) != 0)
        return !is_full(errno);
    w->reserved = about.st_size + 2 * LAST_LINE;
    return true;
}

/* Gives back what was reserved and not needed: the journal is kept for a week. */
static void trim(const struct worker *w)
{
    struct stat about;

    if (fstat(w->journal, &about) == 0)
        (void)!ftruncate(w->journal, about.st_size);
}

static void append(struct worker *w, json_t *line)
{
    if (write_line(w, line))
        ring(w);
}

static json_t *header(const char *command, const char *subject, int64_t started_ms)
{
    json_t *line = json_part_document();

    json_object_set_new(line, "command", json_part_text(command));
    json_object_set_new(line, "subject", json_part_text(subject));
    json_object_set_new(line, "started_ms", json_integer(started_ms));
    return line;
}

static struct worker *worker_new(const char *dir, hg_error *err)
{
    struct worker *w = alloc_zero(1, sizeof *w);
    bool ok;

    if (w == NULL || strlen(dir) >= sizeof w->dir) {
        alloc_free(w);
        hg_fail(err, HG_NOMEM, "could not start a worker: out of memory");
        return NULL;
    }
    w->journal = w->listener = -1;
    for (size_t i = 0; i < WATCHERS; i++)
        w->watchers[i].fd = -1;
    memcpy(w->dir, dir, strlen(dir) + 1);
    rand_hex(w->id, WORKER_ID);
    w->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ok = file_make_dir(dir, 0700, err) && open_journal(w, err) && open_listener(w, err)
         && (w->bell >= 0 || fail_io("make a descriptor", dir, err));
    if (!ok) {
        worker_free(w);
        return NULL;
    }
    return w;
}

/* One that was never started leaves no files. */
static void worker_discard(struct worker *w)
{
    remove_files(w->dir, w->id);
    worker_free(w);
}

static void on_signal(int signal_number)
{
    (void)signal_number;
    atomic_store(&stop_asked, true);
}

/* Away from the terminal: its end ends nothing here, its keys reach nobody. */
static void leave_terminal(void)
{
    struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    for (int fd = 0; nothing >= 0 && fd <= 2; fd++)
        dup2(nothing, fd);
    close_fd(&nothing);
}

bool worker_start(const char *dir, const char *command, const char *subject,
                  struct worker **out_worker, struct worker_info *out_info, hg_error *err)
{
    struct worker *w = worker_new(dir, err);
    pid_t pid;

    if (w == NULL)
        return false;
    sweep(dir);
    *out_info = (struct worker_info){.started_ms = clock_wall_ms()};
    memcpy(out_info->id, w->id, sizeof out_info->id);
    text_copy(out_info->command, sizeof out_info->command, command);
    if (!has_room(w) || !write_line(w, header(command, subject, out_info->started_ms))) {
        fail_io("write a journal", dir, err);
        worker_discard(w);
        return false;
    }
    pid = fork();
    if (pid < 0) {
        fail_io("start a process for a worker", dir, err);
        worker_discard(w);
        return false;
    }
    out_info->pid = pid;
    *out_worker = pid == 0 ? w : NULL;
    if (pid != 0) {
        worker_free(w);
        return true;
    }
    leave_terminal();
    append(w, json_pack("{s:I}", "pid", (json_int_t)getpid()));
    w->has_thread =
        pthread_create(&w->thread, NULL, serve, w) == 0; /* else the journal alone tells */
    return true;
}

void worker_event(void *worker, const hg_event *event)
{
    json_t *line;

    if (!has_room(worker))
        return;
    line = json_object();
    json_object_set_new(line, "kind", json_part_text(worker_kind_name(event->kind)));
    json_object_set_new(line, "subject", json_part_text(event->subject));
    json_object_set_new(line, "message", json_part_text(event->message));
    json_object_set_new(line, "unit", json_part_text(event->unit));
    json_object_set_new(line, "done", json_integer(event->done));
    json_object_set_new(line, "total", json_integer(event->total));
    json_object_set_new(line, "duration_ms", json_part_ms(event->duration_ms));
    append(worker, line);
}

bool worker_cancelled(void *worker)
{
    (void)worker;
    return atomic_load_explicit(&stop_asked, memory_order_relaxed);
}

static json_t *last_line(int status, const char *out, const char *errors, const char *document)
{
    json_t *line = json_object();

    json_object_set_new(line, "exit", json_integer(status));
    json_object_set_new(line, "stdout", json_part_text(out));
    json_object_set_new(line, "stderr", json_part_text(errors));
    json_object_set_new(line, "document", json_part_text(document));
    return line;
}

/* How it ended is known even where there is no room for what it found. */
static json_t *short_line(int status)
{
    struct buf errors = BUF_INIT(1 << 16), document = BUF_INIT(1 << 16);
    hg_error err = {0};
    json_t *line;

    hg_fail(&err, HG_IO, "the disk has no room for what was found; the exit status was %d", status);
    hg_error_hint(&err, "Make room in the runtime folder.");
    said_error(&errors, &err);
    json_error(&document, &err);
    line = last_line(status, "", errors.bytes, document.bytes);
    buf_release(&errors);
    buf_release(&document);
    return line;
}

void worker_end(struct worker *w, const struct worker_outcome *outcome)
{
    const int status = outcome->exit_status;
    char path[WORKER_PATH + 64];

    if (!write_line(w, last_line(status, outcome->out, outcome->errors, outcome->document)))
        write_line(w, short_line(status));
    trim(w);
    if (worker_path(path, sizeof path, w->dir, w->id, "sock"))
        unlink(path); /* who comes now reads the journal, and who hears of the end finds nobody */
    ring(w);
    (void)fdatasync(w->journal);
    atomic_store(&w->ended, true);
    if (w->has_thread)
        pthread_join(w->thread, NULL);
    worker_free(w);
}
