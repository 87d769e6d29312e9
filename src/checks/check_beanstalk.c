/*
 * check_beanstalk.c - the traps of Elastic Beanstalk: its configuration files and hooks in this
 * folder, and what an instance shows of a deployment.
 */
#include "beanstalk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "ebextension.h"

enum {
    FILE_MOST = 1 << 20,
    PATH_SIZE = 4096,
    ENVIRON_FAIL = 4096, /* bytes that all properties may have together */
    RECENT_S = 120       /* a deployment writes to its log more often than that */
};

static const char folder[] = ".ebextensions";
static const char properties[] = "option_settings/aws:elasticbeanstalk:application:environment/";

/* --- going through the files --- */

/* What one file says; whoever looks counts what is wrong with it. */
typedef size_t look(struct check_context *context, const char *name, const struct eb_file *file,
                    hg_check_result *result);

struct tour {
    size_t files, wrong, broken;
};

static void look_at_file(struct check_context *context, const char *name, look *at,
                         struct tour *tour, hg_check_result *result)
{
    struct buf text = BUF_INIT(FILE_MOST);
    struct arena arena = ARENA_INIT;
    struct eb_file file = {0};
    char path[PATH_SIZE];
    hg_error err = {0};

    tour->files++;
    if (!file_join(path, sizeof path, folder, name) || !file_read(path, &text, &err)
        || !ebextension_read(text.bytes, text.size, &arena, &file, &err)) {
        tour->broken++;
        check_evidence(context, result, "%s, line %d: %s", name, err.line, err.message);
    } else if (at != NULL) {
        tour->wrong += at(context, name, &file, result);
    }
    ebextension_release(&file);
    arena_release(&arena);
    buf_release(&text);
}

/* false: there are none, and the result says so. */
static bool look_at_files(struct check_context *context, look *at, struct tour *tour,
                          hg_check_result *result)
{
    struct file_list list = {0};

    if (file_list(folder, ".config", &list, NULL))
        for (size_t i = 0; i < list.count; i++)
            look_at_file(context, list.names[i], at, tour, result);
    file_list_release(&list);
    if (tour->files == 0)
        check_say(result, HG_SKIP, "there is no %s/*.config here", folder);
    return tour->files > 0;
}

/* found: when something is wrong. A file that cannot be read hides what is in it. */
static void look_for(struct check_context *context, look *at, hg_status found, const char *what,
                     hg_check_result *result)
{
    struct tour tour = {0};

    if (!look_at_files(context, at, &tour, result))
        return;
    if (tour.wrong > 0)
        check_say(result, found, "%zu %s", tour.wrong, what);
    else if (tour.broken > 0)
        check_say(result, HG_UNKNOWN, "%zu of %zu files cannot be read", tour.broken, tour.files);
    else
        check_say(result, HG_PASS, "none in %zu files", tour.files);
}

static void check_files(struct check_context *context, hg_check_result *result)
{
    struct tour tour = {0};

    if (!look_at_files(context, NULL, &tour, result))
        return;
    if (tour.broken > 0)
        check_say(result, HG_FAIL, "%zu of %zu files cannot be read", tour.broken, tour.files);
    else
        check_say(result, HG_PASS, "%zu files", tour.files);
}

/* --- secrets --- */

static bool is_property(const struct eb_value *value)
{
    return strncmp(value->path, properties, sizeof properties - 1) == 0;
}

/* scheme://user:password@ */
static bool is_url_with_password(const char *text)
{
    const char *host = strstr(text, "://");
    size_t n = host == NULL ? 0 : strcspn(host + 3, "/@");

    return host != NULL && host[3 + n] == '@' && memchr(host + 3, ':', n) != NULL;
}

static bool is_named_secret(const char *path)
{
    static const char *const names[] = {"PASSWORD", "PASSWD",  "SECRET",
                                        "TOKEN",    "API_KEY", "PRIVATE_KEY"};
    const char *name = strrchr(path, '/') + 1;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasestr(name, names[i]) != NULL)
            return true;
    return false;
}

static bool is_reference(const char *text)
{
    return text[0] == '\0' || strncmp(text, "arn:", 4) == 0 || strstr(text, "{{resolve:") != NULL
           || text[0] == '$' || text[0] == '!';
}

static size_t find_secrets(struct check_context *context, const char *name,
                           const struct eb_file *file, hg_check_result *result)
{
    size_t found = 0;

    for (size_t i = 0; i < file->count; i++) {
        const struct eb_value *value = &file->items[i];

        if (!is_url_with_password(value->value)
            && (!is_property(value) || !is_named_secret(value->path) || is_reference(value->value)))
            continue;
        found++;
        check_evidence(context, result, "%s, line %d: %s", name, value->line, value->path);
    }
    return found;
}

static void check_secrets(struct check_context *context, hg_check_result *result)
{
    look_for(context, find_secrets, HG_FAIL, "secrets", result);
}

/* --- values --- */

/* What YAML makes a number or a truth of, where a text is wanted. */
static bool is_no_text(const struct eb_value *value)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "~"};

    if (value->quoted || value->value[0] == '\0')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(value->value, words[i]) == 0)
            return true;
    return strspn(value->value, "0123456789.") == strlen(value->value);
}

static size_t find_numbers(struct check_context *context, const char *name,
                           const struct eb_file *file, hg_check_result *result)
{
    size_t found = 0;

    for (size_t i = 0; i < file->count; i++) {
        const struct eb_value *value = &file->items[i];

        if (!is_property(value) || !is_no_text(value))
            continue;
        found++;
        check_evidence(context, result, "%s, line %d: %s", name, value->line, value->path);
    }
    return found;
}

static void check_values(struct check_context *context, hg_check_result *result)
{
    look_for(context, find_numbers, HG_WARN, "numbers without quotation marks", result);
}

static size_t add_sizes(struct check_context *context, const char *name, const struct eb_file *file,
                        hg_check_result *result)
{
    size_t bytes = 0;

    (void)context;
    (void)name;
    (void)result;
    for (size_t i = 0; i < file->count; i++)
        if (is_property(&file->items[i]))
            bytes += strlen(file->items[i].path) - (sizeof properties - 1) + 1
                     + strlen(file->items[i].value);
    return bytes;
}

static void check_size(struct check_context *context, hg_check_result *result)
{
    struct tour tour = {0};

    snprintf(result->threshold, sizeof result->threshold, "fail > %d bytes", ENVIRON_FAIL);
    if (!look_at_files(context, add_sizes, &tour, result))
        return;
    if (tour.broken > 0)
        check_say(result, HG_UNKNOWN, "%zu of %zu files cannot be read", tour.broken, tour.files);
    else
        check_say(result, check_judge((double)tour.wrong, INFINITY, ENVIRON_FAIL), "%zu bytes",
                  tour.wrong);
}

/* --- who does what --- */

static size_t find_leaders(struct check_context *context, const char *name,
                           const struct eb_file *file, hg_check_result *result)
{
    static const char commands[] = "container_commands/", leader[] = "/leader_only";
    size_t found = 0;

    for (size_t i = 0; i < file->count; i++) {
        const struct eb_value *value = &file->items[i];
        size_t n = strlen(value->path);

        if (strncmp(value->path, commands, sizeof commands - 1) != 0 || n < sizeof leader
            || strcmp(value->path + n - (sizeof leader - 1), leader) != 0
            || strcasecmp(value->value, "true") != 0)
            continue;
        found++;
        check_evidence(context, result, "%s, line %d: %s", name, value->line, value->path);
    }
    return found;
}

static void check_leader(struct check_context *context, hg_check_result *result)
{
    look_for(context, find_leaders, HG_WARN, "commands of the leader alone", result);
}

/* The group replaces what the load balancer does not like; with the database away, everything. */
static size_t find_health(struct check_context *context, const char *name,
                          const struct eb_file *file, hg_check_result *result)
{
    const struct eb_value *type =
        ebextension_find(file, "Resources/AWSEBAutoScalingGroup/Properties/HealthCheckType");
    const struct eb_value *matcher = ebextension_option(
        file, "aws:elasticbeanstalk:environment:process:default", "MatcherHTTPCode");
    size_t found = 0;

    if (type != NULL && strcmp(type->value, "ELB") == 0 && ++found)
        check_evidence(context, result, "%s, line %d: HealthCheckType is ELB", name, type->line);
    if (matcher != NULL && strstr(matcher->value, "50") != NULL && ++found)
        check_evidence(context, result, "%s, line %d: %s counts as healthy", name, matcher->line,
                       matcher->value);
    return found;
}

static void check_health(struct check_context *context, hg_check_result *result)
{
    look_for(context, find_health, HG_WARN, "settings of the health check", result);
}

/* Each instance would have a SQLite file of its own. */
static size_t find_fleet(struct check_context *context, const char *name,
                         const struct eb_file *file, hg_check_result *result)
{
    static const char *const sizes[] = {"MinSize", "MaxSize"};
    size_t found = 0;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct eb_value *value = ebextension_option(file, "aws:autoscaling:asg", sizes[i]);

        if (value == NULL || atoi(value->value) <= 1)
            continue;
        found++;
        check_evidence(context, result, "%s, line %d: %s is %s", name, value->line, sizes[i],
                       value->value);
    }
    return found;
}

static void check_instances(struct check_context *context, hg_check_result *result)
{
    look_for(context, find_fleet, HG_FAIL, "settings allow several instances", result);
}

/* --- hooks --- */

static void look_at_hook(struct check_context *context, const char *path, struct tour *tour,
                         hg_check_result *result)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    tour->files++;
    if ((st.st_mode & S_IXUSR) != 0)
        return;
    tour->wrong++;
    check_evidence(context, result, "%s", path);
}

static void look_at_hooks(struct check_context *context, const char *dir, struct tour *tour,
                          hg_check_result *result)
{
    DIR *open = opendir(dir);
    const struct dirent *entry;
    char path[PATH_SIZE];

    while (open != NULL && (entry = readdir(open)) != NULL)
        if (entry->d_name[0] != '.' && file_join(path, sizeof path, dir, entry->d_name))
            look_at_hook(context, path, tour, result);
    if (open != NULL)
        closedir(open);
}

static void check_hooks(struct check_context *context, hg_check_result *result)
{
    static const char *const trees[] = {".platform/hooks", ".platform/confighooks"};
    static const char *const stages[] = {"prebuild", "predeploy", "postdeploy"};
    struct tour tour = {0};
    char dir[64];

    for (size_t t = 0; t < sizeof trees / sizeof *trees; t++)
        for (size_t s = 0; s < sizeof stages / sizeof *stages; s++) {
            snprintf(dir, sizeof dir, "%s/%s", trees[t], stages[s]);
            look_at_hooks(context, dir, &tour, result);
        }
    if (tour.files == 0)
        check_say(result, HG_SKIP, "there are no hooks here");
    else
        check_say(result, tour.wrong > 0 ? HG_FAIL : HG_PASS, "%zu of %zu are not executable",
                  tour.wrong, tour.files);
}

/* --- a deployment that goes on --- */

void beanstalk_deploy(const char *root, int64_t now_ms, hg_check_result *result)
{
    char path[PATH_SIZE];
    struct stat st;
    long age_s;

    snprintf(path, sizeof path, "%s/var/log/eb-engine.log", root);
    snprintf(result->threshold, sizeof result->threshold, "warn < %d s", RECENT_S);
    if (stat(path, &st) != 0) {
        check_say(result, HG_SKIP, "%s",
                  errno == ENOENT ? "not Elastic Beanstalk" : strerror(errno));
        return;
    }
    age_s = (long)(now_ms / 1000 - st.st_mtime);
    check_say(result, age_s < RECENT_S ? HG_WARN : HG_PASS,
              "the deployment's log was written to %ld s ago", age_s);
}

static void check_deploy(struct check_context *context, hg_check_result *result)
{
    (void)context;
    beanstalk_deploy("", clock_wall_ms(), result);
}

// clang-format off
static const struct check rows[] = {
    {"beanstalk.files", "", "The configuration files can be read", MAJOR, ON_ANY, check_files,
     .code = "eb_file_unreadable", .hint = "Elastic Beanstalk passes over a whole file for one fault, with no more than an event."},
    {"beanstalk.secrets", "", "No configuration file has a secret in it", CRITICAL, ON_ANY, check_secrets,
     .code = "eb_secret", .hint = "Keep it in Secrets Manager, and name it under aws:elasticbeanstalk:application:environmentsecrets."},
    {"beanstalk.values", "", "Properties are texts", MINOR, ON_ANY, check_values,
     .code = "eb_value_unquoted", .hint = "Write \"5\" and \"true\": YAML makes something else of what has no quotation marks."},
    {"beanstalk.size", "CFG009", "The properties have room", MINOR, ON_ANY, check_size,
     .code = "eb_properties_large", .hint = "Elastic Beanstalk takes 4096 bytes in all."},
    {"beanstalk.leader", "", "No command relies on the leader", MAJOR, ON_ANY, check_leader,
     .code = "eb_leader_only", .hint = "The leader's commands do not run when an instance is added: headgate up may run on all of them."},
    {"beanstalk.hooks", "", "Hooks are executable", MAJOR, ON_ANY, check_hooks,
     .code = "eb_hook_mode", .hint = "chmod +x, and git update-index --chmod=+x: a deployment ends at a hook that cannot be run."},
    {"beanstalk.health", "HST003", "An outage of the database replaces no instance", MAJOR, ON_ANY, check_health,
     .code = "eb_health", .hint = "Leave HealthCheckType at EC2, and let only 200 count as healthy."},
    {"beanstalk.instances", "HST002", "One file, one instance", CRITICAL, ON_SQLITE | LENIENT, check_instances,
     .code = "eb_several_instances", .hint = "Each instance would have a file of its own: MaxSize 1 until the data are in PostgreSQL."},
    {"beanstalk.deploy", "HST001", "No deployment is going on", CRITICAL, ON_ANY, check_deploy,
     .code = "eb_deploying", .hint = "Wait for its end: it replaces the application's folder."},
};
// clang-format on

const struct check_table beanstalk_checks = {rows, sizeof rows / sizeof *rows};
