/*
 * postgres.c - a private PostgreSQL server: find it, make its data, start it, end it. Must not know
 * what is asked of it.
 *
 * The postmaster is the child of a keeper process, which is the child of the test program. The
 * keeper holds the reading end of a pipe; when the test program is gone, for whatever reason, the
 * pipe ends, and the keeper ends the server and removes its folder.
 */
#include "support/postgres_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/certificate.h"
#include "support/temp.h"

enum { PATIENCE_MS = 60 * 1000, START_TRIES = 5, PROCESSES_MAX = 256 };

static struct {
    pid_t owner; /* the test program: a child of it must not end the server */
    char *dir;   /* holds data/, the socket and the log */
    char *bin;   /* folder of initdb and postgres */
    uid_t uid;   /* of the server */
    gid_t gid;
    int port;
    pid_t keeper; /* 0: the server does not run */
    pid_t postmaster;
    int leash; /* the writing end of the keeper's pipe */
} server;

/* clang-format off */
static const char configuration[] =
    "listen_addresses = '127.0.0.1, ::1'\n"
    "max_connections = 50\n"
    "shared_buffers = 16MB\n"
    "ssl = on\n"
    "fsync = off\n"
    "synchronous_commit = off\n"
    "full_page_writes = off\n"
    "max_wal_senders = 0\n"
    "wal_level = minimal\n"
    "autovacuum = off\n"
    "deadlock_timeout = 50ms\n"
    "jit = off\n"
    "log_min_messages = warning\n"
    "lc_messages = 'C'\n"
    "timezone = 'UTC'\n";

static const char access_rules[] =
    "local all rejected reject\n"
    "host  all rejected all reject\n"
    "local all +guards scram-sha-256\n"
    "host  all +guards all scram-sha-256\n"
    "local all all trust\n"
    "host  all all all trust\n";
/* clang-format on */

/* --- where it is --- */

static bool holds_server(const char *dir)
{
    char *initdb = text("%s/initdb", dir), *postgres = text("%s/postgres", dir);
    bool both = access(initdb, X_OK) == 0 && access(postgres, X_OK) == 0;

    free(initdb);
    free(postgres);
    return both;
}

static char *ask_pg_config(void)
{
    char line[PATH_MAX] = "";
    FILE *out = popen("pg_config --bindir 2>/dev/null", "re");

    if (out == NULL)
        return NULL;
    if (fgets(line, sizeof line, out) == NULL)
        line[0] = '\0';
    pclose(out);
    line[strcspn(line, "\n")] = '\0';
    return holds_server(line) ? text("%s", line) : NULL;
}

static char *search_folders(void)
{
    static const char *const patterns[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"};
    glob_t found;
    char *bin = NULL;

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns && bin == NULL; i++) {
        if (glob(patterns[i], 0, NULL, &found) != 0)
            continue;
        for (size_t k = found.gl_pathc; k > 0 && bin == NULL; k--)
            if (holds_server(found.gl_pathv[k - 1]))
                bin = text("%s", found.gl_pathv[k - 1]);
        globfree(&found);
    }
    return bin;
}

static char *search_path(void)
{
    char *path = text("%s", getenv("PATH") == NULL ? "" : getenv("PATH"));
    char *rest = path, *dir, *bin = NULL;

    while (bin == NULL && (dir = strsep(&rest, ":")) != NULL)
        if (holds_server(dir))
            bin = text("%s", dir);
    free(path);
    return bin;
}

static void find_server(void)
{
    if ((server.bin = search_folders()) == NULL && (server.bin = ask_pg_config()) == NULL
        && (server.bin = search_path()) == NULL)
        give_up("initdb and postgres were not found; run .ci/install-deps --tests");
}

/* The server refuses to run as root: then it runs as its package's user, or as nobody. */
static void choose_user(void)
{
    const struct passwd *user;

    server.uid = geteuid();
    server.gid = getegid();
    if (server.uid != 0)
        return;
    user = getpwnam("postgres");
    if (user == NULL)
        user = getpwnam("nobody");
    if (user == NULL)
        give_up("there is no user \"postgres\" or \"nobody\" to run it as");
    server.uid = user->pw_uid;
    server.gid = user->pw_gid;
}

/* In a child: becomes the server's user for good. */
static void become_server_user(void)
{
    if (geteuid() == 0
        && (setgroups(0, NULL) != 0 || setgid(server.gid) != 0 || setuid(server.uid) != 0))
        _exit(126);
}

static void redirect(const char *log)
{
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    int in = open("/dev/null", O_RDONLY);

    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
}

/* Runs a program as the server's user (or as ourselves) and waits for it. */
static bool run_program(bool as_server, const char *log, char *const argv[])
{
    int status = 0;
    pid_t child = fork();

    if (child < 0)
        give_up("fork: %s", strerror(errno));
    if (child == 0) {
        redirect(log); /* while we may still write to a log that we own */
        if (as_server)
            become_server_user();
        execvp(argv[0], argv);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

__attribute__((noreturn)) static void give_up_with_log(const char *what)
{
    char *log = text("%s/log", server.dir);
    char line[512];
    FILE *in = fopen(log, "re");

    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        fputs(line, stderr);
    if (in != NULL)
        fclose(in);
    free(log);
    give_up("%s failed; its output stands above", what);
}

/* --- its data --- */

static void must(bool ok, const char *what)
{
    if (!ok)
        give_up_with_log(what);
}

/* cp -R from/. to/, as ourselves. */
static void copy_folder(const char *from, const char *to, const char *log)
{
    char *source = text("%s/.", from);
    char *argv[] = {"cp", "-R", source, (char *)to, NULL};

    must((mkdir(to, 0700) == 0 || errno == EEXIST) && run_program(false, log, argv), "cp");
    free(source);
}

static void give_to_server(const char *path, const char *log)
{
    char *owner = text("%ld:%ld", (long)server.uid, (long)server.gid);
    char *argv[] = {"chown", "-R", owner, (char *)path, NULL};

    if (geteuid() == 0)
        must(run_program(false, log, argv), "chown");
    free(owner);
}

static void make_data(const char *data, const char *log)
{
    char *initdb = text("%s/initdb", server.bin);
    char *argv[] = {initdb,
                    "-D",
                    (char *)data,
                    "-U",
                    "postgres",
                    "-A",
                    "trust",
                    "--no-sync",
                    "--no-locale",
                    "-E",
                    "UTF8",
                    "--wal-segsize=1",
                    "--no-instructions",
                    NULL};

    must(run_program(true, log, argv), "initdb");
    free(initdb);
}

/* A finished template of these binaries; its name says whose. */
static char *template_path(void)
{
    char *path = text("%s/postgres-template%s", TEST_BINARY_DIR, server.bin);

    for (char *c = path + strlen(TEST_BINARY_DIR) + 1; *c != '\0'; c++)
        if (*c == '/')
            *c = '-';
    return path;
}

/* Under a lock of the build folder: whoever comes first makes the template, the others wait for it.
 * It appears under its name only when it is whole. Where the build folder is somebody else's, there
 * is none. */
static void take_data(const char *data, const char *log)
{
    char *template = template_path(), *lock_path = text("%s.lock", template);
    char *unfinished = text("%s.new", template);
    char *remove_argv[] = {"rm", "-rf", unfinished, NULL};
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (lock >= 0 && flock(lock, LOCK_EX) != 0)
        give_up("%s: %s", lock_path, strerror(errno));
    if (lock >= 0 && access(template, F_OK) == 0) {
        copy_folder(template, data, log);
        give_to_server(data, log);
    } else {
        make_data(data, log);
    }
    if (lock >= 0 && access(template, F_OK) != 0) {
        must(run_program(false, log, remove_argv), "rm");
        copy_folder(data, unfinished, log);
        if (rename(unfinished, template) != 0)
            give_up("%s: %s", template, strerror(errno));
    }
    if (lock >= 0)
        close(lock);
    free(unfinished);
    free(lock_path);
    free(template);
}

static void write_configuration(void)
{
    char *more = text("%sport = %d\nunix_socket_directories = '%s'\n"
                      "ssl_cert_file = '%s/server.crt'\nssl_key_file = '%s/server.key'\n",
                      configuration, server.port, server.dir, server.dir, server.dir);

    temp_write(server.dir, "postgresql.conf", more);
    temp_write(server.dir, "pg_hba.conf", access_rules);
    free(more);
}

static void write_certificate(void)
{
    char *certificate = text("%s/server.crt", server.dir), *key = text("%s/server.key", server.dir);

    certificate_make(certificate, key);
    if (geteuid() == 0 && chown(key, server.uid, server.gid) != 0)
        give_up("%s: %s", key, strerror(errno));
    free(certificate);
    free(key);
}

/* --- its life --- */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0
        || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        give_up("no free port: %s", strerror(errno));
    close(fd);
    return ntohs(address.sin_port);
}

static void pause_ms(long ms)
{
    const struct timespec pause = {0, ms * 1000000};

    nanosleep(&pause, NULL);
}

/* The parent of a process, or 0 when there is no such process, or only what is left of one (a
 * zombie that its parent has not looked at yet). */
static pid_t parent_of(pid_t pid)
{
    char path[64], stat[512] = "";
    char *behind_name, state = 'Z';
    int parent = 0;
    FILE *in;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    in = fopen(path, "re");
    if (in == NULL)
        return 0;
    if (fgets(stat, sizeof stat, in) == NULL)
        stat[0] = '\0';
    fclose(in);
    behind_name = strrchr(stat, ')');
    if (behind_name == NULL || sscanf(behind_name + 1, " %c %d", &state, &parent) != 2)
        return 0;
    return state == 'Z' ? 0 : parent;
}

static size_t children_of(pid_t parent, pid_t *out, size_t room)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    size_t count = 0;

    while (proc != NULL && (entry = readdir(proc)) != NULL && count < room) {
        long pid = strtol(entry->d_name, NULL, 10);

        if (pid > 0 && parent_of((pid_t)pid) == parent)
            out[count++] = (pid_t)pid;
    }
    if (proc != NULL)
        closedir(proc);
    return count;
}

static void signal_all(pid_t postmaster, int signal)
{
    pid_t pids[PROCESSES_MAX];
    size_t count;

    kill(postmaster, signal); /* first: a stopped postmaster makes no more children */
    count = children_of(postmaster, pids, PROCESSES_MAX);
    for (size_t i = 0; i < count; i++)
        kill(pids[i], signal);
}

/* All at once, as when the machine goes; returns when all are gone. */
static void kill_all(pid_t postmaster)
{
    pid_t pids[PROCESSES_MAX];
    size_t count;

    kill(postmaster, SIGSTOP);
    count = children_of(postmaster, pids, PROCESSES_MAX);
    kill(postmaster, SIGKILL);
    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    for (size_t i = 0; i < count; i++)
        while (parent_of(pids[i]) != 0)
            pause_ms(1);
}

static void on_child(int signal)
{
    (void)signal; /* its coming is what ends ppoll() */
}

/* In the keeper: ends the server at once, however it stands, and what it leaves on the disk. */
static void clean_up_after_test(pid_t postmaster)
{
    hg_deadline by = hg_deadline_in_ms(5000);
    bool gone;
    int status;

    signal_all(postmaster, SIGCONT);
    kill(postmaster, SIGQUIT);
    while (!(gone = waitpid(postmaster, &status, WNOHANG) != 0) && hg_deadline_left_ms(by) > 0)
        pause_ms(5);
    if (!gone)
        kill_all(postmaster);
    temp_dir_remove(server.dir);
}

/* The keeper's whole life: waits for the server's end or the test program's, whichever comes first.
 */
__attribute__((noreturn)) static void keep(pid_t postmaster, int leash, const sigset_t *waiting)
{
    struct pollfd end = {.fd = leash};
    int status;

    while (waitpid(postmaster, &status, WNOHANG) == 0) {
        if (ppoll(&end, 1, NULL, waiting) > 0) {
            clean_up_after_test(postmaster);
            _exit(0);
        }
    }
    _exit(0);
}

static pid_t spawn_postmaster(void)
{
    char *postgres = text("%s/postgres", server.bin), *data = text("%s/data", server.dir);
    char *config = text("config_file=%s/postgresql.conf", server.dir);
    char *hba = text("hba_file=%s/pg_hba.conf", server.dir);
    char *argv[] = {postgres, "-D", data, "-c", config, "-c", hba, NULL};
    pid_t keeper = getpid(), child = fork();

    if (child != 0)
        return child;
    become_server_user();
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != keeper)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

/* In the keeper's process, which does nothing else: forks the postmaster, tells its pid, keeps it.
 */
__attribute__((noreturn)) static void be_keeper(int leash, int tell, const char *log)
{
    struct sigaction action = {.sa_handler = on_child};
    sigset_t blocked, before;
    pid_t postmaster;

    setsid(); /* a Ctrl-C at the terminal is the test program's to handle */
    redirect(log);
    for (int fd = 3; fd < 1024; fd++) /* nobody shall wait for the end of a pipe that we hold */
        if (fd != leash && fd != tell)
            close(fd);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGCHLD, &action, NULL);
    postmaster = spawn_postmaster();
    if (postmaster < 0 || write(tell, &postmaster, sizeof postmaster) != sizeof postmaster)
        _exit(1);
    close(tell);
    keep(postmaster, leash, &before);
}

static void spawn_keeper(const char *log)
{
    int leash[2], tell[2];

    if (pipe2(leash, O_CLOEXEC) != 0 || pipe2(tell, O_CLOEXEC) != 0)
        give_up("pipe: %s", strerror(errno));
    fflush(NULL);
    server.keeper = fork();
    if (server.keeper == 0) {
        close(leash[1]);
        close(tell[0]);
        be_keeper(leash[0], tell[1], log);
    }
    close(leash[0]);
    close(tell[1]);
    server.leash = leash[1];
    if (server.keeper < 0
        || read(tell[0], &server.postmaster, sizeof server.postmaster) != sizeof server.postmaster)
        give_up("fork: %s", strerror(errno));
    close(tell[0]);
}

/* Whether the server has written that it takes connections, into the line that pg_ctl reads too. A
 * server that was killed has left such a file behind: the first line says whose it is. */
static bool says_ready(void)
{
    char *path = text("%s/data/postmaster.pid", server.dir);
    char line[PATH_MAX] = "";
    bool ours = false, ready = false;
    FILE *in = fopen(path, "re");

    for (int i = 0; in != NULL && i < 8 && fgets(line, sizeof line, in) != NULL; i++) {
        ours = ours || (i == 0 && strtol(line, NULL, 10) == server.postmaster);
        ready = i == 7 && ours && strncmp(line, "ready", 5) == 0;
    }
    if (in != NULL)
        fclose(in);
    free(path);
    return ready;
}

static void forget_keeper(void)
{
    int status;

    while (waitpid(server.keeper, &status, 0) < 0 && errno == EINTR)
        continue;
    close(server.leash);
    server.keeper = 0;
    server.postmaster = 0;
}

/* Starts it and waits until it is ready; false: it ended, perhaps because its port was taken. */
static bool launch(void)
{
    char *log = text("%s/log", server.dir);
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);
    bool ready;

    write_configuration();
    spawn_keeper(log);
    free(log);
    while (!(ready = says_ready()) && parent_of(server.postmaster) == server.keeper
           && hg_deadline_left_ms(by) > 0)
        pause_ms(2);
    if (!ready)
        forget_keeper();
    return ready;
}

/* Starts it again on the same port. What a killed server left running may be in the way for a
 * moment. */
static void launch_again(void)
{
    hg_deadline by = hg_deadline_in_ms(PATIENCE_MS);

    while (!launch()) {
        if (hg_deadline_left_ms(by) == 0)
            give_up_with_log("postgres");
        pause_ms(20);
    }
}

static void launch_somewhere(void)
{
    for (int tries = 0; tries < START_TRIES; tries++) {
        server.port = free_port();
        if (launch())
            return;
    }
    give_up_with_log("postgres");
}

static void end_with_program(void)
{
    if (server.owner != getpid() || server.dir == NULL)
        return;
    postgres_thaw();
    postgres_stop(POSTGRES_IMMEDIATE);
    temp_dir_remove(server.dir);
    free(server.bin);
    memset(&server, 0, sizeof server);
}

void postgres_start(void)
{
    char *data, *log;

    if (server.keeper != 0)
        return;
    if (server.dir != NULL) {
        launch_again();
        return;
    }
    find_server();
    choose_user();
    umask(022); /* the server's user reads what we write */
    server.owner = getpid();
    server.dir = temp_dir_make_quick();
    if (geteuid() == 0 && chown(server.dir, server.uid, server.gid) != 0)
        give_up("%s: %s", server.dir, strerror(errno));
    atexit(end_with_program);
    data = text("%s/data", server.dir);
    log = text("%s/log", server.dir);
    take_data(data, log);
    write_certificate();
    launch_somewhere();
    postgres_run(NULL, "CREATE ROLE guards");
    postgres_run(NULL, "CREATE ROLE rejected LOGIN");
    free(data);
    free(log);
}

int postgres_setup(void **state)
{
    (void)state;
    postgres_start();
    return 0;
}

void postgres_stop(enum postgres_end how)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT};

    if (server.keeper == 0)
        return;
    if (how == POSTGRES_KILLED)
        kill_all(server.postmaster);
    else
        kill(server.postmaster, signals[how]);
    forget_keeper();
}

void postgres_restart(enum postgres_end how)
{
    postgres_stop(how);
    postgres_start();
}

void postgres_freeze(void)
{
    signal_all(server.postmaster, SIGSTOP);
}

void postgres_thaw(void)
{
    if (server.postmaster != 0)
        signal_all(server.postmaster, SIGCONT);
}

const char *postgres_socket_dir(void)
{
    return server.dir;
}

int postgres_port(void)
{
    return server.port;
}
