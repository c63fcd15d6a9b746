/*
 * written.h
 *		What an exploration in place has written: the tables whose states are compared.
 */
#ifndef CT_WRITTEN_H
#define CT_WRITTEN_H

#include "bgworker/leader.h"

/*
 * Adds to the tables (List of Oid) those that the sessions have told by their
 * turns, a partitioned one as its partitions, in the leader's memory.  Returns
 * whether there was any.  Outside of a transaction.
 */
extern bool ct_written_collect(CtLeader *leader, List **tables);

/* Have the sessions written more relations than can be told? */
extern bool ct_written_all_told(CtLeader *leader);

#endif							/* CT_WRITTEN_H */
