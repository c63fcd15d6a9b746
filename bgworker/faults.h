/*
 * faults.h
 *		Faults while a run is loaded: sessions that are terminated.  They are ours:
 *		what they do to transactions is told, and is no error of the scripts.
 *
 * A worker terminates its own sessions (kill_rate), at random times.  What is
 * under way is cancelled and rolled back wherever it is, as by the loss of the
 * connection; the session is then as a new one: settings, temporary tables,
 * advisory locks, prepared statements and cursors are gone, and its clients
 * begin anew (on_start).  The process stays.  No signal is sent to anybody.
 */
#ifndef CT_FAULTS_H
#define CT_FAULTS_H

#include <signal.h>

#include "bgworker/worker.h"

/* this process's session is to be given up */
extern volatile sig_atomic_t ct_kill_pending;

/* what the session is at may be cancelled for that: whoever began it deals with the error */
extern volatile sig_atomic_t ct_kill_open;

/* What may be cancelled begins, at once if it is to be; or has ended. */
static inline void
ct_kill_let(CtSession *session, bool open)
{
	ct_kill_open = open;
	if (unlikely(open && ct_kill_pending))
		session->cancel(session);
}

/* From now on, or no longer, the worker's session is given up now and then, if the plan says so. */
extern void ct_kills_begin(CtWorker *worker);
extern void ct_kills_end(void);

/* Gives the session up for a new one: nothing is under way, and no transaction open. */
extern void ct_kill_session(CtWorker *worker);

#endif							/* CT_FAULTS_H */
