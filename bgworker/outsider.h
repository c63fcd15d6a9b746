/*
 * outsider.h
 *		What to call a process that is none of a run's sessions.
 */
#ifndef CT_OUTSIDER_H
#define CT_OUTSIDER_H

#include "bgworker/shm/shared.h"

/*
 * "client backend 4711 (psql)", palloc'd: its kind, its pid, and its
 * application_name if it has one.  No more than everybody may read; its query
 * isn't.  pid 0: a prepared transaction.  The lock of the run's own lock_hold
 * is the leader's, as the server sees it (a lock group); it is called by that name.
 */
extern char *ct_outsider(CtShared *shared, int pid);

#endif							/* CT_OUTSIDER_H */
