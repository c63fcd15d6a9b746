/*
 * effects.h
 *		What the statements of a session do: touch the database, write rows, change
 *		more than rows; and what they read, for who wants to know.
 *
 * Heard of by the server's hooks, so at whatever depth: in functions, in triggers.
 */
#ifndef CT_EFFECTS_H
#define CT_EFFECTS_H

#include "lib/stringinfo.h"

#include "bgworker/shm/turn.h"

/* of the transaction that is open, but for did_ddl */
typedef struct CtEffects
{
	bool		touched;		/* something, since somebody cleared this */
	bool		read;			/* the same, by a query */
	bool		has_snapshot;	/* the one of all its statements is taken */
	bool		did_ddl;		/* since somebody cleared this */
	uint32		wrote;			/* bits of the levels of subtransactions in which rows were */
} CtEffects;

/*
 * From now on in this process, into that.  before: called before anything is
 * executed; may raise.
 */
extern void ct_effects_begin(CtEffects *effects, void (*before) (void));

/* Its transaction has ended. */
extern void ct_effects_end_transaction(CtEffects *effects);

/*
 * The text of the innermost statement that is being executed, if it writes rows;
 * else NULL.  open: it is for the run's role to see.
 */
extern const char *ct_effects_writing(bool *open);

/*
 * The first statement on tables that begins from now on tells its rows, and
 * the first of them, if that is for the run's role to see; NULL: none does.
 */
extern void ct_effects_tell(CtTurnDetail *detail);
extern bool ct_effects_has_told(void);	/* one has begun since */

/* A value of a row that is told: "sold = 0", behind others. */
extern void ct_effects_append_value(StringInfo row, const char *name, const char *value);

#endif							/* CT_EFFECTS_H */
