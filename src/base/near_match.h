/*
 * near_match.h
 *		Hints for a name that doesn't exist.
 */
#ifndef CT_NEAR_MATCH_H
#define CT_NEAR_MATCH_H

#include "nodes/pg_list.h"

/*
 * A hint, in sentences, for a name that isn't among the candidates (List of
 * char *): the nearest ones if any is near, else all of them if they are few,
 * else where to look.  plural is what the candidates are ("variants"), look a
 * sentence or NULL.  palloc'd; NULL if there is nothing to say.
 */
extern char *ct_near_match_hint(const char *name, const List *candidates,
								const char *plural, const char *look);

/* The one that was probably meant; NULL if none is near. */
extern const char *ct_near_match(const char *name, const List *candidates);

#endif							/* CT_NEAR_MATCH_H */
