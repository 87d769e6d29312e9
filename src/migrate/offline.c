/*
 * offline.c - the SQL that Alembic would run for each revision.
 *
 * The script below runs in the very Python that the alembic command uses. It lets the project's
 * env.py set everything up, but puts a URL without a database in the place of the project's, and
 * calls upgrade() and downgrade() of each revision itself: what one of them cannot do without a
 * database is that revision's own trouble. What env.py prints goes to stderr; to stdout go frames:
 *
 *     sqlite up ok 3f9a1c0b7d21 118\n, and 118 bytes of SQL (failed: of the reason)
 *     end\n
 */
#include "offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/vec.h"
#include "child.h"

enum { OUTPUT_LIMIT = 256 << 20, ERRORS_LIMIT = 4 << 20, NOT_FOUND = 127 };

/* The alembic command names its Python in its first line. */
static const char find_python[] = "found=$(command -v alembic) || exit 127\n"
                                  "read -r line < \"$found\"\n"
                                  "case $line in '#!'*python*) ;; *) line='#!python3' ;; esac\n"
                                  "exec ${line#??} -c \"$0\" \"$@\"\n";

static const char script[] =
    "import io, os, sys\n"
    "frames = os.fdopen(os.dup(1), 'wb')\n"
    "os.dup2(2, 1)\n"
    "from alembic.config import Config\n"
    "from alembic.runtime.environment import EnvironmentContext\n"
    "from alembic.script import ScriptDirectory\n"
    "def say(dialect, way, how, revision, text):\n"
    "    data = text.encode()\n"
    "    frames.write(f'{dialect} {way} {how} {revision} {len(data)}\\n'.encode() + data)\n"
    "place, ini, urls = sys.argv[1], sys.argv[2], sys.argv[3:]\n"
    "config = Config(ini) if ini else Config()\n"
    "config.set_main_option('script_location', place)\n"
    "sys.path.insert(0, os.getcwd())\n"
    "project = ScriptDirectory.from_config(config)\n"
    "if 'current_app' in open(os.path.join(place, 'env.py'), encoding='utf-8').read():\n"
    "    from flask.cli import ScriptInfo\n"
    "    ScriptInfo().load_app().app_context().push()\n"
    "plain = EnvironmentContext.configure\n"
    "def configure(self, connection=None, url=None, dialect_name=None, output_buffer=None,\n"
    "              literal_binds=None, dialect_opts=None, **more):\n"
    "    if more.get('version_table', 'alembic_version') != 'alembic_version':\n"
    "        sys.exit('env.py names its version table ' + repr(more['version_table']))\n"
    "    plain(self, url=offline, literal_binds=True, output_buffer=io.StringIO(),\n"
    "          dialect_opts={'paramstyle': 'named'}, **more)\n"
    "EnvironmentContext.configure = configure\n"
    "def ask(current, context):\n"
    "    for one in project.walk_revisions():\n"
    "        for way in 'up', 'down':\n"
    "            context.impl.output_buffer = io.StringIO()\n"
    "            try:\n"
    "                getattr(one.module, way + 'grade')()\n"
    "                how, text = 'ok', context.impl.output_buffer.getvalue()\n"
    "            except Exception as error:\n"
    "                how, text = 'failed', f'{type(error).__name__}: {error}'\n"
    "            say(dialect, way, how, one.revision, text)\n"
    "    context.impl.output_buffer = io.StringIO()\n"
    "    return []\n"
    "for offline in urls:\n"
    "    dialect = offline.partition(':')[0]\n"
    "    with EnvironmentContext(config, project, fn=ask, as_sql=True):\n"
    "        project.run_env()\n"
    "frames.write(b'end\\n')\n"
    "frames.flush()\n";

struct reader {
    struct arena *arena;
    VEC(struct offline_revision) found;
};

static bool no_memory(hg_error *err)
{
    return hg_fail(err, HG_NOMEM, "could not read what Alembic wrote: out of memory");
}

/* --- what went wrong in Python --- */

/* The last line that says something: where Python puts the reason. */
static const char *last_line(struct buf *errors)
{
    char *line;

    while (errors->size > 0 && strchr(" \t\r\n", errors->bytes[errors->size - 1]) != NULL)
        buf_truncate(errors, errors->size - 1);
    line = strrchr(errors->bytes, '\n');
    return line == NULL ? errors->bytes : line + 1;
}

static bool refuse(int status, struct buf *errors, hg_error *err)
{
    if (status == NOT_FOUND) {
        hg_fail(err, HG_UNSUPPORTED,
                "alembic is not installed here, and only it can turn its "
                "revisions into SQL");
        hg_error_hint(err, "Run this where the application's alembic command is found; history "
                           "shows its revisions without it.");
    } else {
        hg_fail(err, HG_FAILED, "alembic could not write SQL: %s", last_line(errors));
        hg_error_hint(err, "alembic upgrade head --sql should work in the same folder.");
    }
    return false;
}

/* --- frames --- */

static struct offline_revision *revision_of(struct reader *r, const char *name)
{
    struct offline_revision *known;

    VEC_EACH (&r->found, known)
        if (strcmp(known->revision, name) == 0)
            return known;
    known = VEC_PUSH(&r->found);
    if (known != NULL && (known->revision = arena_text(r->arena, name)) == NULL)
        known = NULL;
    return known;
}

struct frame {
    char dialect[16], way[8], how[8], revision[160];
    size_t size;
};

/* Reads a frame's first line; the end of the frames is a line of its own. */
static bool read_head(const char **at, const char *end, struct frame *out)
{
    const char *line_end = memchr(*at, '\n', (size_t)(end - *at));

    if (line_end == NULL
        || sscanf(*at, "%15s %7s %7s %159s %zu", out->dialect, out->way, out->how, out->revision,
                  &out->size)
               != 5
        || out->size > (size_t)(end - line_end - 1))
        return false;
    *at = line_end + 1;
    return true;
}

static bool keep(struct reader *r, const struct frame *frame, const char *bytes)
{
    hg_driver driver = strcmp(frame->dialect, "sqlite") == 0 ? HG_SQLITE : HG_POSTGRESQL;
    struct offline_revision *revision = revision_of(r, frame->revision);
    const char *text = arena_text_n(r->arena, bytes, frame->size);
    struct offline_text *to;

    if (revision == NULL || text == NULL)
        return false;
    to = strcmp(frame->way, "up") == 0 ? &revision->up[driver] : &revision->down[driver];
    *to = strcmp(frame->how, "ok") == 0 ? (struct offline_text){.sql = text}
                                        : (struct offline_text){.reason = text};
    return true;
}

static bool read_frames(struct reader *r, const struct buf *out, hg_error *err)
{
    const char *at = out->bytes, *end = out->bytes + out->size;
    struct frame frame;

    while (read_head(&at, end, &frame)) {
        if (!keep(r, &frame, at))
            return no_memory(err);
        at += frame.size;
    }
    return strcmp(at, "end\n") == 0
           || hg_fail(err, HG_FAILED, "alembic ended in the middle of its work");
}

static bool hand_over(struct reader *r, struct offline_revision **out, size_t *out_count,
                      hg_error *err)
{
    struct offline_revision *list = arena_alloc(r->arena, r->found.count + 1, sizeof *list);

    if (list == NULL)
        return no_memory(err);
    if (r->found.count > 0)
        memcpy(list, r->found.items, r->found.count * sizeof *list);
    *out = list;
    *out_count = r->found.count;
    return true;
}

bool offline_read(const char *place, const char *ini, const hg_observer *observer,
                  struct arena *arena, struct offline_revision **out, size_t *out_count,
                  hg_error *err)
{
    const char *const argv[] = {"sh",
                                "-c",
                                find_python,
                                script,
                                place,
                                ini == NULL ? "" : ini,
                                "postgresql://offline/offline",
                                "sqlite://",
                                NULL};
    struct buf text = BUF_INIT(OUTPUT_LIMIT), errors = BUF_INIT(ERRORS_LIMIT);
    struct reader r = {.arena = arena};
    int status = 0;
    bool ok = child_run(argv, observer, &text, &errors, &status, err)
              && (status == 0 || refuse(status, &errors, err)) && read_frames(&r, &text, err)
              && hand_over(&r, out, out_count, err);

    VEC_RELEASE(&r.found);
    buf_release(&text);
    buf_release(&errors);
    return ok;
}
