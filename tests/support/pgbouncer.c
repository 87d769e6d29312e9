/*
 * pgbouncer.c - a PgBouncer on a socket in a folder of its own. It does not run as root: there it
 * is postgres's.
 */
#include "support/pgbouncer.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/postgres.h"
#include "support/temp.h"

enum { PORT = 6432, TRIES = 1000, TRY_MS = 20 }; /* the port is part of the socket's name */

static struct {
    char *dir;
    pid_t pid;
} bouncer;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static const char *find_program(void)
{
    static const char *const places[] = {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer",
                                         "/usr/local/bin/pgbouncer"};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

static void write_settings(const char *pool_mode)
{
    char text[2048];

    snprintf(text, sizeof text,
             "[databases]\n* = host=%s port=%d\n[pgbouncer]\nlisten_addr =\nlisten_port = %d\n"
             "unix_socket_dir = %s\nauth_type = trust\nauth_file = %s/users\npool_mode = %s\n"
             "default_pool_size = 8\nignore_startup_parameters = extra_float_digits\n",
             postgres_socket_dir(), postgres_port(), PORT, bouncer.dir, bouncer.dir, pool_mode);
    temp_write(bouncer.dir, "settings", text);
    temp_write(bouncer.dir, "users", "\"postgres\" \"\"\n");
    must(chmod(bouncer.dir, 0777) == 0, "pgbouncer: folder");
}

/* In the child. */
__attribute__((noreturn)) static void become(const char *program)
{
    const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
    int nowhere = open("/dev/null", O_RDWR);

    if (getuid() == 0
        && (user == NULL || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0
            || setuid(user->pw_uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (nowhere < 0 || chdir(bouncer.dir) != 0 || dup2(nowhere, 1) < 0 || dup2(nowhere, 2) < 0)
        _exit(126);
    execl(program, program, "settings", (char *)NULL);
    _exit(127);
}

static bool answers(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%d", bouncer.dir, PORT);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool pgbouncer_start(const char *pool_mode)
{
    const char *program = find_program();

    if (program == NULL)
        return false;
    bouncer.dir = temp_dir_make();
    write_settings(pool_mode);
    bouncer.pid = fork();
    must(bouncer.pid >= 0, "pgbouncer: fork");
    if (bouncer.pid == 0)
        become(program);
    for (int i = 0; i < TRIES && !answers(); i++) {
        must(waitpid(bouncer.pid, NULL, WNOHANG) == 0, "pgbouncer: it ended at once");
        poll(NULL, 0, TRY_MS);
    }
    must(answers(), "pgbouncer: no answer");
    return true;
}

void pgbouncer_stop(void)
{
    kill(bouncer.pid, SIGTERM);
    waitpid(bouncer.pid, NULL, 0);
    temp_dir_remove(bouncer.dir);
}

hg_url *pgbouncer_url(const char *database)
{
    char text[1024];
    hg_url *url = NULL;

    snprintf(text, sizeof text, "postgresql://postgres@/%s?host=%s&port=%d", database, bouncer.dir,
             PORT);
    must(hg_url_parse(text, &url, NULL), "pgbouncer: URL");
    return url;
}
