/*
 * metrics.h - the text of /metrics. Pure.
 *
 * Prometheus' text format 0.0.4. Pools go by OpenTelemetry's names (db.client.connection.*) in the
 * form that Prometheus gives them; what OpenTelemetry has no name for begins with headgate_.
 */
#ifndef SERVE_METRICS_H
#define SERVE_METRICS_H

#include <headgate/cutover.h>
#include <headgate/headgate.h>

struct buf;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_facts {
    int libpq, sqlite; /* versions as hg_driver_library_version() counts; 0: not there */
    const hg_sample *sample;
    const hg_readiness *report;     /* NULL: none yet */
    const hg_check_timing *timings; /* one for each of its checks */
    const hg_pool_list *pools;
    const hg_cutover *cutover; /* the newest run of this host; NULL: none was ever begun */
};

void metrics_put(struct buf *out, const struct metrics_facts *facts);

#endif
