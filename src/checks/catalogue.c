/*
 * catalogue.c - every check there is, in the order in which people read them.
 */
#include "checks.h"

const struct check_table *const check_tables[] = {
    &config_checks,   &database_checks, &host_checks,      &client_checks, &server_checks,
    &activity_checks, &capacity_checks, &migration_checks, &schema_checks, &sqlite_checks,
    &fidelity_checks, &pool_checks,     &beanstalk_checks, &http_checks,
};

const size_t check_table_count = sizeof check_tables / sizeof *check_tables;
