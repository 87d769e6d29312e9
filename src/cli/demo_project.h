/*
 * demo_project.h - the files of the throw-away project, and how it is written and removed.
 */
#ifndef CLI_DEMO_PROJECT_H
#define CLI_DEMO_PROJECT_H

#include <headgate/error.h>

struct demo_project {
    char dir[128];        /* the project's folder, made anew */
    char url[192];        /* of its SQLite file */
    char migrations[160]; /* its migrations folder */
};

/* The revision up to which the demo is migrated before the console opens; what follows is pending.
 */
extern const char demo_start_revision[];

/* Makes a folder under the system's temporary folder with the migration files in it. */
bool demo_project_make(struct demo_project *project, hg_error *err);

/* Removes the folder with all that is in it. */
void demo_project_remove(const struct demo_project *project);

#endif
