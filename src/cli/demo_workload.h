/*
 * demo_workload.h - processes with threads that use pools as an application does.
 */
#ifndef CLI_DEMO_WORKLOAD_H
#define CLI_DEMO_WORKLOAD_H

#include <headgate/headgate.h>

struct demo_workload; /* two child processes */

/*
 * Forks the processes; they wait for demo_workload_go(). Call it while the calling process has one
 * thread. They end with the calling process, whatever ends it. out_workload: the caller's until
 * demo_workload_stop().
 */
bool demo_workload_fork(const hg_settings *settings, struct demo_workload **out_workload,
                        hg_error *err);
void demo_workload_go(struct demo_workload *workload);
void demo_workload_stop(
    struct demo_workload *workload); /* ends the processes, waits, frees; NULL is fine */

#endif
