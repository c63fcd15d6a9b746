/*
 * clone.h
 *		Copies of the user's tables in the sandbox, so that a trial without a
 *		setup has something to be executed on.
 */
#ifndef CT_CLONE_H
#define CT_CLONE_H

#include "nodes/pg_list.h"

/* of all of a run's clones together */
#define CT_CLONE_MAX_BYTES	(64 * 1024 * 1024)

/*
 * Clones a relation into the sandbox, by the server's own definitions and under
 * its own name, with what hangs together with it: constraints and indexes with
 * their names, defaults, sequences with their state, foreign keys among the
 * clones, triggers, row-level security, grants, rows that the run's role may
 * read.  A clone's owner is the original's, so that nobody may do more with it
 * than with the original, nor less: who reads it for another reason, as the
 * leader does to compare states, has no privileges to count on.
 *
 * In a transaction, as the run's role.  bytes: of all clones so far, grows.
 * Appends to notes (List of char *) what a reader should know of it.
 * Raises ERRCODE_FEATURE_NOT_SUPPORTED, with what to do, for what can't be cloned.
 */
extern void ct_clone(Oid relation, Oid sandbox, int64 *bytes, List **notes);

#endif							/* CT_CLONE_H */
