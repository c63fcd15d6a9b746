/*
 * touch.h
 *		Whether what is executed touches the database.
 *
 * A statement touches the database if it opens a relation outside of
 * pg_catalog, in itself or in a function, a trigger or a rule that it runs; if
 * it takes an advisory lock; or if it is a utility other than those that only
 * control transactions, settings and the session.  "SELECT 1" doesn't, nor
 * does BEGIN.
 *
 * It errs on the side of no: an advisory lock isn't seen where PL/pgSQL takes it
 * in an expression that it evaluates without a query ("x := pg_try_advisory_lock(1)").
 */
#ifndef CT_TOUCH_H
#define CT_TOUCH_H

#include "nodes/nodes.h"

/*
 * From now on in this process, calls "touched" whenever something is about to
 * be executed that touches the database.  It may be called many times in a
 * statement, and must not raise.
 */
extern void ct_touch_watch(void (*touched) (void));

/* The same of what may change more than rows: DDL, but on what is temporary. */
extern void ct_touch_watch_ddl(void (*changes) (void));

/*
 * Does a utility only control transactions, settings and the session, or
 * execute something else, which is seen when that is executed?
 */
extern bool ct_touch_only_controls(const Node *stmt);

/* Does it make something that is gone with the session? */
extern bool ct_touch_makes_temporary(const Node *stmt);

#endif							/* CT_TOUCH_H */
