/*
 * yield.h
 *		Where a session parks within a statement: before PL/pgSQL's statements that
 *		can touch the database.
 *
 * Which those are is read from their text, so that it is the same in each
 * execution, whatever has been planned before: who names a relation, or calls a
 * function that may do anything.  A loop over a query is one, before its first
 * row; a condition that is evaluated again each round, before the first round.
 * Functions in SQL have none.
 * The end of a function that has read something is one where a statement goes on
 * that writes rows: of a trigger that fires before, or of a function that an
 * INSERT has a value of.
 */
#ifndef CT_YIELD_H
#define CT_YIELD_H

/*
 * From now on this process's PL/pgSQL calls ct_actor_at before such a
 * statement.  Chains to whoever had its plugin's hooks before.
 */
extern void ct_yield_begin(void);

/* Names may mean something else now. */
extern void ct_yield_forget(void);

#endif							/* CT_YIELD_H */
