/*
 * engine.h - the one pool of a program: to the database that its environment selects, made at first
 * need.
 *
 * What SQLAlchemy's users keep in a module's `engine`. A program that wants several pools, or other
 * options, opens them with hg_pool_open() and needs nothing of this.
 */
#ifndef HEADGATE_ENGINE_H
#define HEADGATE_ENGINE_H

#include <headgate/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The program's pool. The first call reads the settings (environment and .env of the current
 * folder) and makes the pool, published for `headgate pools`; later calls return the same. Any
 * thread. A failure is not remembered: the next call tries again. out_pool: borrowed until
 * hg_engine_dispose(). err: HG_CONFIG (with the setting's name and place), HG_NOMEM.
 */
HG_API bool hg_engine(hg_pool **out_pool, hg_error *err);

/*
 * Closes the program's pool, as hg_pool_close(); without one it does nothing. No other thread may
 * be using the pool or asking for it. A later hg_engine() makes a new one, from the settings as
 * they are then.
 */
HG_API void hg_engine_dispose(hg_deadline by);

#ifdef __cplusplus
}
#endif
#endif
