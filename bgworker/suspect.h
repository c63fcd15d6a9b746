/*
 * suspect.h
 *		A worker's suspicion that a script is wrong in itself.
 */
#ifndef CT_SUSPECT_H
#define CT_SUSPECT_H

#include "bgworker/worker.h"

/* Is it of the errors by which a script may be wrong in itself? */
extern bool ct_suspect_may_be(int sqlstate);

/*
 * Tells the leader of such an error, the first of its place.  Whether it is
 * the script's fault is the leader's to decide, for somebody else may yet
 * come past that place.
 */
extern void ct_suspect_tell(CtWorker *w, int script, int command, const ErrorData *edata);

#endif							/* CT_SUSPECT_H */
