/*
 * guard.h
 *		Keeps the sessions of an exploration from what is outside of its sandbox.
 *
 * Without a setup, nothing of the user's may be executed on: the guard raises
 * before a relation outside of the sandbox is touched, and tells which one, so
 * that the leader clones it (clone.h) and begins again.  With a setup, what is
 * outside may be read, but not be written, for nobody would bring it back.
 * What the server and the extension have is no matter of the guard's.
 */
#ifndef CT_GUARD_H
#define CT_GUARD_H

#include "bgworker/shm/turn.h"

typedef enum CtGuardMode
{
	CT_GUARD_OFF,				/* in_place */
	CT_GUARD_WRITES,			/* refuses to write outside */
	CT_GUARD_ALL				/* refuses to touch anything outside */
} CtGuardMode;

/*
 * From now on.  What it refuses is raised as an error, and if it is a relation
 * that might be cloned, *missing is its oid.  sandbox: the schema.
 */
extern void ct_guard_begin(CtGuardMode mode, Oid sandbox, Oid *missing);

#endif							/* CT_GUARD_H */
