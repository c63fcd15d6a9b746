/*
 * written.c
 *		What an exploration in place has written: the tables whose states are compared.
 *
 * The sessions' guards note it (guard.c); nothing is refused there.  Tables that
 * nobody has written are as the reset script leaves them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "storage/lockdefs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "bgworker/explore/written.h"
#include "bgworker/shm/turn.h"

/* how long partitions wait for a lock */
#define WRITTEN_LOCK_MS		10000

/* Those that have rows of their own. */
static void
written_add(CtLeader *leader, Oid relation, List **tables)
{
	List	   *all = list_make1_oid(relation);
	ListCell   *lc;
	MemoryContext oldcontext;

	if (get_rel_relkind(relation) == RELKIND_PARTITIONED_TABLE)
		all = find_all_inheritors(relation, AccessShareLock, NULL);
	oldcontext = MemoryContextSwitchTo(leader->context);
	foreach(lc, all)
	{
		char		relkind = get_rel_relkind(lfirst_oid(lc));

		if (relkind == RELKIND_RELATION || relkind == RELKIND_MATVIEW)
			*tables = list_append_unique_oid(*tables, lfirst_oid(lc));
	}
	MemoryContextSwitchTo(oldcontext);
}

bool
ct_written_collect(CtLeader *leader, List **tables)
{
	static List *seen = NIL;	/* relations, of Oid */
	CtStage    *stage = ct_shared_stage(leader->shared);
	int			before = list_length(*tables);
	List	   *new = NIL;
	MemoryContext oldcontext;
	ListCell   *lc;
	int			k;
	int			i;

	for (k = 0; k < stage->nsessions; k++)
	{
		const CtTurn *turn = &stage->turns[k].turn;

		for (i = 0; i < turn->nwritten; i++)
			if (!list_member_oid(seen, turn->written[i]))
				new = list_append_unique_oid(new, turn->written[i]);
	}
	if (new == NIL)
		return false;

	oldcontext = MemoryContextSwitchTo(leader->context);
	seen = list_concat_copy(seen, new);
	MemoryContextSwitchTo(oldcontext);
	ct_leader_begin(WRITTEN_LOCK_MS);
	foreach(lc, new)
		written_add(leader, lfirst_oid(lc), tables);
	ct_leader_commit(leader);
	return list_length(*tables) > before;
}

bool
ct_written_all_told(CtLeader *leader)
{
	CtStage    *stage = ct_shared_stage(leader->shared);
	int			k;

	for (k = 0; k < stage->nsessions; k++)
		if (stage->turns[k].turn.nwritten >= CT_TURN_WRITTEN)
			return false;
	return true;
}
