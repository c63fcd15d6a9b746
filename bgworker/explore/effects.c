/*
 * effects.c
 *		Hearing of what is executed, by the server's hooks.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "pgstat.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "bgworker/explore/effects.h"
#include "bgworker/touch.h"
#include "src/base/ct_compat.h"
#include "src/base/text.h"

/* a value of a first row is cut there */
#define VALUE_SHOWN		64

/* takes a statement's first row on its way to whoever gets it */
typedef struct CtEffectsReceiver
{
	DestReceiver pub;			/* must be first */
	DestReceiver *to;
	const QueryDesc *statement;
	TupleDesc	desc;
} CtEffectsReceiver;

static CtEffects *effects = NULL;
static Oid	effects_role = InvalidOid;	/* the run's */
static void (*effects_before) (void);
static CtTurnDetail *effects_detail = NULL;
static QueryDesc *effects_told = NULL;	/* the statement that tells; NULL: none has begun */
static const QueryDesc *effects_innermost = NULL;	/* that is being executed */
static bool effects_innermost_open = false; /* its text is for the run's role to see */

static ExecutorStart_hook_type previous_executor_start = NULL;
static ExecutorRun_hook_type previous_executor_run = NULL;
static ExecutorFinish_hook_type previous_executor_finish = NULL;
static ProcessUtility_hook_type previous_process_utility = NULL;

/*
 * What a function reads, and executes, with its owner's privileges (SECURITY
 * DEFINER) is not for the run's role to see, whose report this is, unless it has
 * them, too.
 */
static bool
effects_may_tell(void)
{
	return !InLocalUserIdChange() || has_privs_of_role(effects_role, GetUserId());
}

/* ---- what is written ---- */

static void
effects_note_write(void)
{
	effects->wrote |= UINT32_C(1) << Min(GetCurrentTransactionNestLevel(), 31);
}

/* A subtransaction's writes are its parent's, or none. */
static void
effects_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = Min(GetCurrentTransactionNestLevel(), 31);
	uint32		bit = UINT32_C(1) << level;

	if (!(effects->wrote & bit) || level == 31)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		effects->wrote = (effects->wrote & ~bit) | (bit >> 1);
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		effects->wrote &= ~bit;
}

/* Is there a table in it that isn't only ours? */
static bool
effects_is_shared(const ModifyTableState *modify)
{
	int			i;

	for (i = 0; i < modify->mt_nrels; i++)
		if (!RelationUsesLocalBuffers(modify->resultRelInfo[i].ri_RelationDesc))
			return true;
	return false;
}

/*
 * Has the transaction written the tables of a WITH, whose rows nobody counts?  The
 * server's statistics know, unless they are off, or partitions are in between;
 * then a transaction that has a number is taken to have.
 */
static bool
effects_wrote_aside(const ModifyTableState *modify)
{
	int			i;

	if (!effects_is_shared(modify) || !TransactionIdIsValid(GetCurrentTransactionIdIfAny()))
		return false;
	for (i = 0; i < modify->mt_nrels; i++)
	{
		Relation	relation = modify->resultRelInfo[i].ri_RelationDesc;
		const PgStat_TableXactStatus *counts;

		if (relation->rd_rel->relkind != RELKIND_RELATION || !relation->pgstat_enabled)
			return true;
		counts = relation->pgstat_info ? relation->pgstat_info->trans : NULL;
		if (counts != NULL && counts->nest_level == GetCurrentTransactionNestLevel() &&
			counts->tuples_inserted + counts->tuples_updated + counts->tuples_deleted > 0)
			return true;
	}
	return false;
}

/* Has the statement, which is through, written rows? */
static bool
effects_wrote(const QueryDesc *desc)
{
	const PlannedStmt *stmt = desc->plannedstmt;
	ListCell   *lc;

	if (desc->operation != CMD_SELECT && desc->estate->es_processed > 0 &&
		(!IsA(desc->planstate, ModifyTableState) ||
		 effects_is_shared((ModifyTableState *) desc->planstate)))
		return true;

	if (stmt->hasModifyingCTE)
		foreach(lc, desc->estate->es_auxmodifytables)
			if (effects_wrote_aside(lfirst_node(ModifyTableState, lc)))
				return true;
	return false;
}

/* ---- utilities ---- */

typedef enum CtUtility
{
	CT_UTILITY_CONTROLS,		/* transactions, settings, the session; or what is seen when it is executed */
	CT_UTILITY_TOUCHES,
	CT_UTILITY_TEMPORARY,		/* makes what is only ours */
	CT_UTILITY_DDL				/* anything else */
} CtUtility;

static CtUtility
effects_of_utility(const Node *stmt)
{
	if (ct_touch_only_controls(stmt))
		return CT_UTILITY_CONTROLS;
	if (ct_touch_makes_temporary(stmt))
		return CT_UTILITY_TEMPORARY;
	return IsA(stmt, FetchStmt) || IsA(stmt, LockStmt) || IsA(stmt, CopyStmt) ?
		CT_UTILITY_TOUCHES : CT_UTILITY_DDL;
}

static void
effects_process_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
						ProcessUtilityContext context, ParamListInfo params,
						QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc)
{
	CtUtility	kind = effects_of_utility(pstmt->utilityStmt);
	bool		copies = IsA(pstmt->utilityStmt, CopyStmt) && ((CopyStmt *) pstmt->utilityStmt)->is_from;
	QueryCompletion mine;

	effects_before();
	if (qc == NULL)
	{
		InitializeQueryCompletion(&mine);
		qc = &mine;
	}
	if (previous_process_utility)
		previous_process_utility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
	else
		standard_ProcessUtility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);

	if (kind == CT_UTILITY_CONTROLS)
		return;
	effects->touched = true;
	effects->did_ddl |= kind == CT_UTILITY_DDL;
	if (kind == CT_UTILITY_DDL || (copies && qc->nprocessed > 0))
		effects_note_write();
}

/* ---- the executor ---- */

static void
effects_executor_start(QueryDesc *desc, int eflags)
{
	bool		tables = desc->plannedstmt->relationOids != NIL;

	effects_before();
	if (previous_executor_start)
		previous_executor_start(desc, eflags);
	else
		standard_ExecutorStart(desc, eflags);

	if (tables)
	{
		effects->touched = true;
		effects->read |= desc->operation == CMD_SELECT;
	}
	else if (IsolationUsesXactSnapshot() && !effects->has_snapshot)
		effects->touched = true;
	effects->has_snapshot = true;
	if (unlikely(effects_detail != NULL) && effects_told == NULL && tables)
		effects_told = desc;
}

/* Is a run's statement still the one that tells?  Another step may have begun within it. */
static inline bool
effects_tells(const QueryDesc *desc)
{
	return effects_told == desc && effects_detail != NULL;
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	CtEffectsReceiver *receiver = (CtEffectsReceiver *) self;

	receiver->desc = desc;
	receiver->to->rStartup(receiver->to, operation, desc);
}

void
ct_effects_append_value(StringInfo row, const char *name, const char *value)
{
	char		shown[VALUE_SHOWN + 4] = "NULL";

	if (value != NULL)
		ct_copy_line(shown, value, VALUE_SHOWN + 1);
	if (value != NULL && strlen(value) > VALUE_SHOWN)
		strcat(shown, "...");
	appendStringInfo(row, "%s%s = %s", row->len > 0 ? ", " : "", name, shown);
}

static void
receiver_tell(TupleDesc desc, TupleTableSlot *slot)
{
	StringInfoData row;
	int			i;

	initStringInfo(&row);
	slot_getallattrs(slot);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Oid			output;
		bool		is_varlena;

		if (att->attisdropped)
			continue;
		getTypeOutputInfo(att->atttypid, &output, &is_varlena);
		ct_effects_append_value(&row, NameStr(att->attname), slot->tts_isnull[i] ? NULL :
								OidOutputFunctionCall(output, slot->tts_values[i]));
	}
	ct_copy_line(effects_detail->first_row, row.data, CT_TURN_TEXT);
	pfree(row.data);
}

static bool
receiver_receive(TupleTableSlot *slot, DestReceiver *self)
{
	CtEffectsReceiver *receiver = (CtEffectsReceiver *) self;

	if (effects_tells(receiver->statement) && effects_detail->first_row[0] == '\0' &&
		effects_may_tell())
		receiver_tell(receiver->desc, slot);
	return receiver->to->receiveSlot(slot, receiver->to);
}

static void
receiver_shutdown(DestReceiver *self)
{
	DestReceiver *to = ((CtEffectsReceiver *) self)->to;

	to->rShutdown(to);
}

static void
receiver_destroy(DestReceiver *self)
{
}

static void
effects_run(CT_EXECUTOR_RUN_ARGS)
{
	const QueryDesc *outer = effects_innermost;
	bool		outer_open = effects_innermost_open;

	effects_innermost = desc;
	effects_innermost_open = effects_may_tell();
	PG_TRY();
	{
		/* a cursor whose rows are locked locks them as they are fetched */
		if (desc->plannedstmt->rowMarks != NIL)
			effects->touched = true;
		if (previous_executor_run)
			previous_executor_run(ct_executor_run_args);
		else
			standard_ExecutorRun(ct_executor_run_args);
	}
	PG_FINALLY();
	{
		effects_innermost = outer;
		effects_innermost_open = outer_open;
	}
	PG_END_TRY();
}

static void
effects_executor_run(CT_EXECUTOR_RUN_ARGS)
{
	CtEffectsReceiver receiver = {
		{receiver_receive, receiver_startup, receiver_shutdown, receiver_destroy}
	};

	if (likely(!effects_tells(desc)))
	{
		effects_run(ct_executor_run_args);
		return;
	}
	receiver.pub.mydest = desc->dest->mydest;
	receiver.to = desc->dest;
	receiver.statement = desc;
	desc->dest = (DestReceiver *) &receiver;
	effects_run(ct_executor_run_args);
	desc->dest = receiver.to;
	if (effects_tells(desc))
		effects_detail->rows += desc->estate->es_processed;
}

static void
effects_executor_finish(QueryDesc *desc)
{
	if (previous_executor_finish)
		previous_executor_finish(desc);
	else
		standard_ExecutorFinish(desc);
	if (effects_wrote(desc))
		effects_note_write();
}

/* ---- */

void
ct_effects_begin(CtEffects *into, void (*before) (void))
{
	Assert(effects == NULL);
	effects = into;
	effects_role = GetSessionUserId();
	effects_before = before;
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = effects_executor_start;
	previous_executor_run = ExecutorRun_hook;
	ExecutorRun_hook = effects_executor_run;
	previous_executor_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = effects_executor_finish;
	previous_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = effects_process_utility;
	RegisterSubXactCallback(effects_subtransaction, NULL);
}

void
ct_effects_end_transaction(CtEffects *into)
{
	into->wrote = 0;
	into->has_snapshot = false;

	/* who locks what it has locked, and reads what it has written, goes on now */
	into->touched = true;
}

const char *
ct_effects_writing(bool *open)
{
	const QueryDesc *desc = effects_innermost;

	*open = effects_innermost_open;
	return desc != NULL && (desc->operation != CMD_SELECT || desc->plannedstmt->hasModifyingCTE) ?
		desc->sourceText : NULL;
}

bool
ct_effects_has_told(void)
{
	return effects_told != NULL;
}

void
ct_effects_tell(CtTurnDetail *detail)
{
	effects_detail = detail;
	effects_told = NULL;
}
