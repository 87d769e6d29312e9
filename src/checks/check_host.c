/*
 * check_host.c - the host: its memory and descriptors, secrets that others can read, the way to the
 * server.
 */
#include "checks.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "driver/resolve.h"

enum { DNS_WARN_MS = 250, DNS_FAIL_MS = 2000, TCP_WARN_MS = 500, TCP_FAIL_MS = 2000 };
enum {
    CMDLINE_LIMIT = 1 << 20,
    MEMORY_WARN_MB = 256,
    MEMORY_FAIL_MB = 64,
    FD_WARN = 1024,
    FD_FAIL = 256
};

/* --- the way to the server --- */

static const char *host_of(const struct check_context *context, hg_check_result *result)
{
    const hg_url *url = hg_settings_url(context->settings);
    const char *host = hg_url_host_count(url) == 0 ? "" : hg_url_host(url, 0);

    if (host[0] != '\0' && host[0] != '/' && host[0] != '@')
        return host;
    check_say(result, HG_SKIP, "a local socket");
    return NULL;
}

static void check_name(struct check_context *context, hg_check_result *result)
{
    const char *host = host_of(context, result);
    int64_t started_ns = clock_now_ns();
    struct addresses found = {0};
    hg_error err = {0};
    double ms;

    snprintf(result->threshold, sizeof result->threshold, "warn > %d ms, fail > %d ms", DNS_WARN_MS,
             DNS_FAIL_MS);
    if (host == NULL)
        return;
    if (resolve_is_numeric(host)) {
        check_say(result, HG_SKIP, "an address, not a name");
    } else if (!resolve(host, context->by, &found, &err)) {
        check_say(result, HG_FAIL, "%s", err.message);
    } else {
        ms = clock_since_ms(started_ns);
        for (size_t i = 0; i < found.count; i++)
            check_evidence(context, result, "%s", found.text[i]);
        check_say(result, check_judge(ms, DNS_WARN_MS, DNS_FAIL_MS), "%.1f ms", ms);
    }
}

/* Waits until the connection stands; 0, or an errno. */
static int connect_by(int fd, const struct addrinfo *to, hg_deadline by)
{
    struct pollfd end = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof(int);
    int failure = 0;

    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    if (poll(&end, 1, (int)hg_deadline_left_ms(by)) <= 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 ? failure : errno;
}

static int try_port(const char *address, int port, hg_deadline by)
{
    const struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM};
    struct addrinfo *to = NULL;
    char service[16];
    int fd, failure;

    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(address, service, &wanted, &to) != 0)
        return EINVAL;
    fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    failure = fd < 0 ? errno : connect_by(fd, to, by);
    if (fd >= 0)
        close(fd);
    freeaddrinfo(to);
    return failure;
}

static void check_port(struct check_context *context, hg_check_result *result)
{
    const char *host = host_of(context, result);
    struct addresses found = {.count = 1};
    hg_error err = {0};
    int64_t started_ns;
    int failure;
    double ms;

    snprintf(result->threshold, sizeof result->threshold, "warn > %d ms, fail > %d ms", TCP_WARN_MS,
             TCP_FAIL_MS);
    if (host == NULL)
        return;
    if (resolve_is_numeric(host))
        text_copy(found.text[0], sizeof found.text[0], host);
    else if (!resolve(host, context->by, &found, &err)) {
        check_say(result, HG_UNKNOWN, "%s", err.message);
        return;
    }
    started_ns = clock_now_ns();
    failure =
        try_port(found.text[0], hg_url_port(hg_settings_url(context->settings), 0), context->by);
    ms = clock_since_ms(started_ns);
    if (failure != 0)
        check_say(result, HG_FAIL, "%s", strerror(failure));
    else
        check_say(result, check_judge(ms, TCP_WARN_MS, TCP_FAIL_MS), "%.1f ms", ms);
}

const char *check_url_parameter(const struct check_context *context, const char *name)
{
    const hg_url *url = hg_settings_url(context->settings);

    for (size_t i = 0; i < hg_url_parameter_count(url); i++)
        if (strcmp(hg_url_parameter_name(url, i), name) == 0)
            return hg_url_parameter_value(url, i);
    return NULL;
}

/* headgate sets these for itself; who else reads the URL has only what stands in it. */
static void check_detection(struct check_context *context, hg_check_result *result)
{
    static const char *const names[] = {"connect_timeout", "keepalives_idle", "keepalives_interval",
                                        "keepalives_count", "tcp_user_timeout"};
    size_t missing = 0;

    if (host_of(context, result) == NULL)
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (check_url_parameter(context, names[i]) == NULL && ++missing)
            check_evidence(context, result, "%s", names[i]);
    check_say(result, missing > 0 ? HG_WARN : HG_PASS, "%zu of 5 are missing in the URL", missing);
}

static void check_verified(struct check_context *context, hg_check_result *result)
{
    const char *mode = check_url_parameter(context, "sslmode");

    if (host_of(context, result) == NULL)
        return;
    mode = mode == NULL ? "not in the URL" : mode;
    check_say(result,
              strcmp(mode, "verify-full") == 0 ? HG_PASS
              : strcmp(mode, "verify-ca") == 0 ? HG_WARN
                                               : HG_FAIL,
              "sslmode %s", mode);
}

/* --- the host --- */

/* The number behind a name in /proc/meminfo, in MB; -1: not there. */
static long meminfo_mb(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at == NULL ? -1 : strtol(at + strlen(name), NULL, 10) / 1024;
}

static void check_memory(struct check_context *context, hg_check_result *result)
{
    struct buf text = BUF_INIT(CMDLINE_LIMIT);
    hg_error err = {0};
    long mb = -1;

    (void)context;
    snprintf(result->threshold, sizeof result->threshold, "warn < %d MB, fail < %d MB",
             MEMORY_WARN_MB, MEMORY_FAIL_MB);
    if (!file_read("/proc/meminfo", &text, &err))
        check_say_error(result, &err);
    else if ((mb = meminfo_mb(text.bytes, "MemAvailable:")) < 0)
        check_say(result, HG_UNKNOWN, "the kernel does not say");
    else
        check_say(result, check_judge((double)-mb, -MEMORY_WARN_MB, -MEMORY_FAIL_MB),
                  "%ld MB are available", mb);
    buf_release(&text);
}

static void check_descriptors(struct check_context *context, hg_check_result *result)
{
    struct rlimit limit;

    (void)context;
    snprintf(result->threshold, sizeof result->threshold, "warn < %d, fail < %d", FD_WARN, FD_FAIL);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
    else if (limit.rlim_cur == RLIM_INFINITY)
        check_say(result, HG_PASS, "no limit");
    else
        check_say(result, check_judge(-(double)limit.rlim_cur, -FD_WARN, -FD_FAIL), "%llu",
                  (unsigned long long)limit.rlim_cur);
}

/* Whether a command line has a URL with a password: scheme://user:password@. */
static bool has_password(const struct buf *line)
{
    for (const char *at = line->bytes; at < line->bytes + line->size; at += strlen(at) + 1) {
        const char *host = strstr(at, "://");
        size_t n = host == NULL ? 0 : strcspn(host + 3, "/@");
        const char *colon = host == NULL ? NULL : memchr(host + 3, ':', n);

        if (colon != NULL && host[3 + n] == '@' && colon + 1 < host + 3 + n && colon[1] != '*')
            return true;
    }
    return false;
}

static bool shows_password(const char *pid)
{
    struct buf line = BUF_INIT(CMDLINE_LIMIT);
    char path[64];
    bool shows;

    snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid);
    shows = file_read(path, &line, NULL) && has_password(&line);
    explicit_bzero(line.bytes, line.size);
    buf_release(&line);
    return shows;
}

static void check_command_lines(struct check_context *context, hg_check_result *result)
{
    size_t count = 0, shown = 0;
    struct dirent *entry;
    DIR *dir = opendir("/proc");

    if (dir == NULL) {
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
            continue;
        count++;
        if (shows_password(entry->d_name) && ++shown)
            check_evidence(context, result, "process %s", entry->d_name);
    }
    closedir(dir);
    check_say(result, shown > 0 ? HG_FAIL : HG_PASS, "%zu of %zu processes", shown, count);
}

static void check_cores(struct check_context *context, hg_check_result *result)
{
    struct rlimit limit;

    (void)context;
    if (getrlimit(RLIMIT_CORE, &limit) != 0)
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
    else
        check_say(result, limit.rlim_cur == 0 ? HG_PASS : HG_WARN,
                  limit.rlim_cur == 0 ? "off" : "a crash would write the password to disk");
}

/* libpq does not read a file that others can. */
static void check_passfile(struct check_context *context, hg_check_result *result)
{
    struct passwd entry, *user = NULL;
    char room[1024], path[1200];
    const char *given = check_url_parameter(context, "passfile");
    struct stat st;

    if (given == NULL
        && (getpwuid_r(geteuid(), &entry, room, sizeof room, &user) != 0 || user == NULL)) {
        check_say(result, HG_UNKNOWN, "this user has no home");
        return;
    }
    if (given != NULL)
        text_copy(path, sizeof path, given);
    else
        snprintf(path, sizeof path, "%s/.pgpass", user->pw_dir);
    if (stat(path, &st) != 0)
        check_say(result, given != NULL ? HG_FAIL : HG_SKIP, "%s", strerror(errno));
    else
        check_say(result, (st.st_mode & 077) != 0 ? HG_FAIL : HG_PASS, "mode %03o",
                  (unsigned)st.st_mode & 0777);
}

#define P ON_POSTGRES

/* What lies there steers pools and runs. */
static void check_runtime(struct check_context *context, hg_check_result *result)
{
    const char *dir = hg_settings_runtime_dir(context->settings);
    struct stat st;

    if (lstat(dir, &st) != 0)
        check_say(result, errno == ENOENT ? HG_SKIP : HG_UNKNOWN, "%s",
                  errno == ENOENT ? "nothing has been published yet" : strerror(errno));
    else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        check_say(result, HG_FAIL, "\"%s\" is no folder of this user's", dir);
    else
        check_say(result, (st.st_mode & 077) != 0 ? HG_FAIL : HG_PASS, "mode %03o",
                  (unsigned)st.st_mode & 0777);
}

/* Whether an address of /proc/net/tcp or tcp6 is the host's own alone: 127.0.0.0/8, ::1, or the
 * first of these as IPv6. Numbers stand there as the processor keeps them, four bytes each. */
static bool is_loopback_entry(const char *address)
{
    static const char mapped[] = "0000000000000000FFFF0000";
    size_t n = strcspn(address, ":");

    if (n == 8)
        return strncmp(address + 6, "7F", 2) == 0;
    return n == 32
           && (strncmp(address, "00000000000000000000000001000000", n) == 0
               || (strncmp(address, mapped, sizeof mapped - 1) == 0
                   && strncmp(address + 30, "7F", 2) == 0));
}

/* Whether a descriptor of a process is the socket with this inode. */
static bool has_socket(const char *pid, unsigned long inode)
{
    char dir[64], path[384], wanted[64], found[64];
    const struct dirent *entry;
    bool has = false;
    DIR *open;

    snprintf(dir, sizeof dir, "/proc/%.20s/fd", pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    open = opendir(dir);
    while (open != NULL && !has && (entry = readdir(open)) != NULL) {
        ssize_t n;

        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        n = readlink(path, found, sizeof found - 1);
        if (n > 0) {
            found[n] = '\0';
            has = strcmp(found, wanted) == 0;
        }
    }
    if (open != NULL)
        closedir(open);
    return has;
}

/* The sockets of one table that a process listens on, and that others reach. */
static size_t count_open_doors(const char *table, const char *pid, size_t *out_all)
{
    char line[512], local[80];
    FILE *file = fopen(table, "re");
    size_t doors = 0;
    unsigned long inode;
    unsigned state;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, " %*d: %79s %*s %x %*s %*s %*s %*s %*s %lu", local, &state, &inode) == 3
            && state == 0x0a && has_socket(pid, inode)) {
            ++*out_all;
            doors += !is_loopback_entry(local);
        }
    if (file != NULL)
        fclose(file);
    return doors;
}

static bool is_headgate(const char *pid)
{
    struct buf name = BUF_INIT(CMDLINE_LIMIT);
    char path[64];
    bool is;

    snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    is = file_read(path, &name, NULL) && strcmp(name.bytes, "headgate\n") == 0;
    buf_release(&name);
    return is;
}

static void check_listener(struct check_context *context, hg_check_result *result)
{
    size_t all = 0, doors = 0;
    const struct dirent *entry;
    DIR *dir = opendir("/proc");

    (void)context;
    if (dir == NULL) {
        check_say(result, HG_UNKNOWN, "%s", strerror(errno));
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name)
            && is_headgate(entry->d_name))
            doors += count_open_doors("/proc/net/tcp", entry->d_name, &all)
                     + count_open_doors("/proc/net/tcp6", entry->d_name, &all);
    closedir(dir);
    if (all == 0)
        check_say(result, HG_SKIP, "no headgate that can be looked at listens");
    else
        check_say(result, doors > 0 ? HG_WARN : HG_PASS, "%zu of %zu can be reached by other hosts",
                  doors, all);
}

// clang-format off
static const struct check rows[] = {
    {"conn.name", "CON001", "The host's name is found quickly", CRITICAL, P, check_name,
     .code = "dns", .hint = "Is the name right, and does this network's resolver answer?"},
    {"conn.port", "CON002", "The port can be reached", CRITICAL, P, check_port,
     .code = "unreachable", .hint = "The database's security group must let this host in."},
    {"conn.detection", "CON008", "A dead server is noticed by every client", MINOR, P, check_detection,
     .code = "no_detection", .hint = "Add connect_timeout=3&keepalives_idle=10&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=5000."},
    {"tls.verified", "TLS002", "The server has to prove who it is", CRITICAL, P | LENIENT, check_verified,
     .code = "not_verified", .hint = "Add sslmode=verify-full and sslrootcert=FILE: other modes fall back in silence."},
    {"host.memory", "HST004", "Memory is left", MINOR, ON_ANY, check_memory,
     .code = "memory_low", .hint = "What uses it? A larger instance, or fewer workers."},
    {"host.descriptors", "HST004", "Descriptors are left", MINOR, ON_ANY, check_descriptors,
     .code = "descriptors_low", .hint = "Raise LimitNOFILE of the unit, or ulimit -n."},
    {"security.command_lines", "SEC002", "No command line shows a password", CRITICAL, ON_ANY | LENIENT, check_command_lines,
     .code = "password_in_argv", .hint = "Every user of this host can read it: pass the URL in a variable."},
    {"security.cores", "SEC003", "A crash writes no secrets", MINOR, ON_ANY, check_cores,
     .code = "core_dumps", .hint = "ulimit -c 0, or LimitCORE=0 in the unit."},
    {"security.runtime", "SEC004", "What steers pools and runs is nobody else's", MAJOR, ON_ANY, check_runtime,
     .code = "runtime_mode", .hint = "chmod 700 the folder that HEADGATE_RUNTIME_DIR names."},
    {"security.listener", "SEC006", "The endpoints are for this host alone", MAJOR, ON_ANY, check_listener,
     .code = "listens_widely", .hint = "Listen on 127.0.0.1 behind the proxy; else only HEADGATE_TOKEN stands before the details."},
    {"security.passfile", "SEC005", "The password file is nobody else's", MAJOR, P, check_passfile,
     .code = "passfile_mode", .hint = "chmod 600 the file: libpq does not read it otherwise."},
};
// clang-format on

const struct check_table host_checks = {rows, sizeof rows / sizeof *rows};
