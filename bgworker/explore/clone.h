/*
 * clone.h
 *		Copies of the user's tables in the sandbox, so that a trial without a
 *		setup has something to be executed on.
 */
#ifndef CT_CLONE_H
#define CT_CLONE_H

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

#include "src/base/ct_compat.h"

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
 * In a transaction, as the run's role.  Does nothing if there is one already.
 * bytes: of all clones so far, grows.
 * Appends to notes (List of char *, in memory of that context) what a reader
 * should know of it.
 * Raises ERRCODE_FEATURE_NOT_SUPPORTED, with what to do, for what can't be cloned.
 */
extern void ct_clone(Oid relation, Oid sandbox, int64 *bytes, List **notes,
					 MemoryContext context);

/* a clone's comment says so, with the original's oid */
#define CT_CLONE_COMMENT	"ct_ext: clone of relation "

/* what a clone is a clone of; InvalidOid: it is none */
extern Oid	ct_clone_original(Oid clone);

/* ---- between the clone's files ---- */

typedef struct CtCloning
{
	Oid			sandbox;
	const char *schema;			/* its name */
	Oid			role;			/* the run's */
	int64	   *bytes;
	MemoryContext notes_context;
	List	   *notes;			/* in there */
	List	   *making;			/* originals whose clones are under way, of Oid */
	List	   *made;			/* of CtClone *: those that have their rows, and nothing more yet */
	List	   *owners;			/* roles that may create in the sandbox meanwhile, of Oid */
	List	   *schemas;		/* whose USAGE the sandbox has, too, of Oid */
} CtCloning;

typedef struct CtClone
{
	Oid			original;
	Oid			clone;
	Oid			owner;
	char		relkind;
	const char *name;			/* the clone's, qualified and quoted */
} CtClone;

/* clone.c: makes the relation's clone unless there is one; false: it is none of the user's. */
extern bool ct_clone_need(CtCloning *cloning, Oid relation);
ct_noreturn extern void ct_clone_refuse(Oid relation, const char *why);
extern void ct_clone_note(CtCloning *cloning, char *note);

/*
 * clone_statement.c: executes a statement as a role, with the names of the user's
 * relations in it led to their clones, which are made where there are none.
 */
extern Node *ct_clone_parse(CtCloning *cloning, const char *sql);
extern void ct_clone_execute(CtCloning *cloning, Oid role, Node *stmt, const char *sql);
extern void ct_clone_execute_text(CtCloning *cloning, Oid role, const char *sql);

/* clone_rows.c */
extern void ct_clone_rows(CtCloning *cloning, const CtClone *clone);
extern void ct_clone_statistics(const CtClone *clone);
extern void ct_clone_sequence_state(const CtClone *clone);

/* clone_grants.c */
extern void ct_clone_grants(const CtClone *clone);
extern void ct_clone_let_create(CtCloning *cloning, Oid owner);
extern void ct_clone_let_use(CtCloning *cloning, Oid schema);
extern void ct_clone_end_create(CtCloning *cloning);

#endif							/* CT_CLONE_H */
