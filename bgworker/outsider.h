/*
 * outsider.h
 *		What to call a process that is none of a run's sessions.
 */
#ifndef CT_OUTSIDER_H
#define CT_OUTSIDER_H

/*
 * "client backend 4711 (psql)", palloc'd: its kind, its pid, and its
 * application_name if it has one.  No more than everybody may read; its query
 * isn't.  pid 0: a prepared transaction.
 */
extern char *ct_outsider(int pid);

#endif							/* CT_OUTSIDER_H */
