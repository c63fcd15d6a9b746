/*
 * said.h
 *		What a transaction has said, by \outcome and \tally, that counts only
 *		once it commits.
 */
#ifndef CT_SAID_H
#define CT_SAID_H

#include "src/metrics/tally.h"

/* different ones of one transaction, at most */
#define CT_MAX_SAID		64

typedef struct CtSaidOne
{
	const char *name;			/* an outcome's label, or a tally's name */
	bool		is_tally;
	int64		times;			/* that it was said */
	CtTally		tally;			/* of all times */
} CtSaidOne;

typedef struct CtSaid
{
	int			n;
	CtSaidOne	said[CT_MAX_SAID];
} CtSaid;

/* Remembers it, the name in the context given; raises if there is no room. */
extern void ct_said_add(CtSaid *said, MemoryContext context, const char *name, bool is_tally,
						double amount);

#endif							/* CT_SAID_H */
