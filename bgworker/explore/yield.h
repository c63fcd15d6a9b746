/*
 * yield.h
 *		Where a session parks within a statement: PL/pgSQL's statements that can
 *		touch the database.
 */
#ifndef CT_YIELD_H
#define CT_YIELD_H

/*
 * From now on this process's PL/pgSQL functions call ct_actor_at before such a
 * statement, and its executor ct_actor_touched.  Chains to whoever had the
 * hooks before.
 */
extern void ct_yield_begin(void);

#endif							/* CT_YIELD_H */
