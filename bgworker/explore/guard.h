/*
 * guard.h
 *		Keeps the sessions of an exploration from what is outside of its sandbox.
 *
 * Without a setup, nothing of the user's may be executed on: the guard raises
 * before a relation outside of the sandbox is touched, and tells which one, so
 * that the leader clones it (clone.h) and begins again.  With a setup, what is
 * outside may be read, but not be written, for nobody would bring it back.
 * In place nothing is refused, and what is written is noted.
 * What the server and extensions have is no matter of the guard's, as long as
 * it is only read.
 */
#ifndef CT_GUARD_H
#define CT_GUARD_H

#include "nodes/pg_list.h"

#include "bgworker/shm/turn.h"
#include "src/base/ct_compat.h"

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

/*
 * An error has ended the session, which is in no transaction: if it is one that
 * clones have made, that is a refusal.
 */
extern void ct_guard_explain(const ErrorData *error);

/* The sequence, if the guard lets it be written; without a guard, any. */
extern Oid	ct_guard_sequence(Oid sequence);

/* ---- between the guard's files ---- */

typedef enum CtGuardAccess
{
	CT_GUARD_READS,
	CT_GUARD_LOCKS,				/* it, or rows of it, as SELECT FOR UPDATE does */
	CT_GUARD_WRITES_ROWS,
	CT_GUARD_ALTERS				/* more than rows */
} CtGuardAccess;

/* Raises unless the relation may be accessed so; an index stands for its table. */
extern void ct_guard_relation(Oid relid, CtGuardAccess access);

/* Raises unless a schema is one that a session may make something in. */
extern void ct_guard_schema(Oid schema, const char *command);

/* Raises unless the statement may be executed. */
extern void ct_guard_utility(Node *stmt);

/*
 * The same for an object that has just been made or altered, or is about to be
 * dropped, by whichever statement.
 */
extern void ct_guard_object(Oid class_id, Oid object_id);

/*
 * guard_keys.c: raises if a table that isn't cloned yet refers to rows of the
 * clone by these columns (List of char *), or by any.
 */
extern void ct_guard_keys(Oid clone, bool all, const List *columns);

/* guard_rows.c: is the error that a function takes rows of an original?  Then that is told. */
extern void ct_guard_rows(Oid sandbox, const ErrorData *error, CtErrorReport *refusal);

/* Raises, and tells the leader, that the run is to end so. */
ct_noreturn extern void ct_guard_refuse(int sqlstate, const char *message, const char *detail, const char *hint);

#endif							/* CT_GUARD_H */
