/*
 * guard.h
 *		Keeps the sessions of an exploration from what is outside of its sandbox.
 *
 * Without a setup, nothing of the user's may be executed on: the guard raises
 * before a relation outside of the sandbox is touched, and tells which one, so
 * that the leader clones it (clone.h) and begins again.  With a setup, what is
 * outside may be read, but not be written, for nobody would bring it back.
 * In place nothing is refused, and what is written is noted.
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
 * From now on.  sandbox: the schema.  turn: where missing and refusal are told,
 * and what has been written in place; RESET is to forget the first two.  What
 * is refused is raised as query_canceled, whatever it is told as.
 */
extern void ct_guard_begin(CtGuardMode mode, Oid sandbox, CtTurn *turn);

#endif							/* CT_GUARD_H */
