/*
 * errcodes.h
 *		Names of error conditions, as PL/pgSQL's EXCEPTION clause knows them.
 */
#ifndef CT_ERRCODES_H
#define CT_ERRCODES_H

#include "nodes/pg_list.h"

/*
 * The name of a condition, or its five characters, palloc'd, where it has
 * none (an application's own SQLSTATE).
 */
extern const char *ct_condition_name(int sqlstate);

/*
 * Takes a condition's name ("unique_violation", in any case) or five
 * characters of SQLSTATE ("23505"), any of which will do.  Returns false for
 * what is neither, and for success and warnings (classes 00, 01 and 02).
 */
extern bool ct_condition_lookup(const char *name_or_code, int *sqlstate);

/* the five characters of a packed SQLSTATE, palloc'd */
extern char *ct_sqlstate_text(int sqlstate);

/* all names, a List of char *, for near matches */
extern List *ct_condition_names(void);

#endif							/* CT_ERRCODES_H */
