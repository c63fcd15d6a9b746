/*
 * said.c
 *		What a transaction has said, until it commits.
 *
 * What it says again, as in a \repeat, is said once, with how often.
 */
#include "postgres.h"

#include "bgworker/said.h"

void
ct_said_add(CtSaid *said, MemoryContext context, const char *name, bool is_tally, double amount)
{
	CtTally		tally = ct_tally_of(amount);
	CtSaidOne  *one;
	int			i;

	for (i = 0; i < said->n; i++)
	{
		one = &said->said[i];
		if (one->is_tally == is_tally && strcmp(one->name, name) == 0)
		{
			one->times++;
			ct_tally_add(&one->tally, &tally);
			return;
		}
	}
	if (said->n == CT_MAX_SAID)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a transaction may say at most %d different outcomes and tallies", CT_MAX_SAID)));
	one = &said->said[said->n++];
	one->name = MemoryContextStrdup(context, name);
	one->is_tally = is_tally;
	one->times = 1;
	one->tally = tally;
}
