/*
 * blocked.h
 *		The moments when this process has to wait for a lock, and when it has it.
 *
 * The server tells them where it sleeps on a heavyweight lock, by messages for
 * its log (log_lock_waits) that a hook takes out before they get there: that a
 * wait goes on is said once the deadlock check is made, and that it is over
 * before anything is done with the lock.  With a deadlock_timeout of 0 the check
 * comes at once, so that who closes a circle is always its victim.
 */
#ifndef CT_BLOCKED_H
#define CT_BLOCKED_H

#include "utils/timestamp.h"

/*
 * From now on in this process.  waits: since then, as PGPROC.waitStart has it,
 * and no deadlock was found; woken: the lock is ours.  Neither may raise; woken
 * may wait.
 */
extern void ct_blocked_begin(void (*waits) (TimestampTz since), void (*woken) (void));

/*
 * That it is told, whatever anybody has SET since.  They are set behind the
 * settings' back, so that it needs no privilege, and costs nothing.
 */
extern void ct_blocked_listen(void);

#endif							/* CT_BLOCKED_H */
