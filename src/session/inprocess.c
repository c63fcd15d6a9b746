/*
 * inprocess.c
 *		The in-process session: statements executed in the worker itself.
 *
 * What a statement is, and its plan, are statement.c's.  Here it is executed:
 *
 * - a plan is handed to the executor directly; SPI's own execution would add a
 *	 stack level, two memory contexts and a second snapshot to each statement;
 * - BEGIN, COMMIT and ROLLBACK go straight to the transaction machinery, which
 *	 SPI would refuse;
 * - everything else runs in a portal at top level, as if a client had sent it,
 *	 so that VACUUM, CALL of a procedure that commits, or CREATE INDEX
 *	 CONCURRENTLY behave.
 *
 * Each statement gets a new snapshot, and stands between
 * StartTransactionCommand and CommitTransactionCommand, so READ COMMITTED
 * means here what it means to a client.
 *
 * Memory: statements and plans live in the session's context.  What an
 * execution needs is in the executing transaction's memory, or in
 * MessageContext, which is reset before the next statement.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "src/base/ct_compat.h"
#include "src/session/statement.h"

/* of a statement that is no TransactionStmt */
#define NO_CONTROL	(-1)

typedef struct CtInProcess
{
	CtSession	session;		/* must be first */
	MemoryContext context;

	/* what pg_stat_activity says, and since when */
	const CtStatement *reported;
	TimestampTz reported_at;
} CtInProcess;

/* hands a result's rows to a CtRowTaker as text */
typedef struct CtTakerReceiver
{
	DestReceiver pub;			/* must be first */
	CtRowTaker	taker;
	void	   *arg;
	int			ncolumns;
	const char **names;
	Oid		   *types;
	const char **values;
	Oid		   *output;
	MemoryContext row_context;
	bool		wants_values;
} CtTakerReceiver;

static void
taker_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	CtTakerReceiver *taker = (CtTakerReceiver *) self;
	int			i;

	taker->ncolumns = desc->natts;
	taker->names = palloc(Max(desc->natts, 1) * sizeof(char *));
	taker->types = palloc(Max(desc->natts, 1) * sizeof(Oid));
	taker->values = palloc(Max(desc->natts, 1) * sizeof(char *));
	taker->output = palloc(Max(desc->natts, 1) * sizeof(Oid));
	taker->row_context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext row",
											   ALLOCSET_DEFAULT_SIZES);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		isvarlena;

		taker->names[i] = pstrdup(NameStr(att->attname));
		taker->types[i] = att->atttypid;
		getTypeOutputInfo(att->atttypid, &taker->output[i], &isvarlena);
	}
}

static bool
taker_receive(TupleTableSlot *slot, DestReceiver *self)
{
	CtTakerReceiver *taker = (CtTakerReceiver *) self;
	MemoryContext oldcontext;
	int			i;

	if (!taker->wants_values)
	{
		(void) taker->taker(taker->arg, taker->ncolumns, taker->names, taker->types, NULL);
		return true;
	}
	slot_getallattrs(slot);
	oldcontext = MemoryContextSwitchTo(taker->row_context);
	for (i = 0; i < taker->ncolumns; i++)
		taker->values[i] = slot->tts_isnull[i] ? NULL :
			OidOutputFunctionCall(taker->output[i], slot->tts_values[i]);
	taker->wants_values = taker->taker(taker->arg, taker->ncolumns, taker->names, taker->types,
									   taker->values);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(taker->row_context);
	return true;
}

static void
taker_shutdown(DestReceiver *self)
{
}

static void
taker_destroy(DestReceiver *self)
{
}

static DestReceiver *
make_receiver(CtRowTaker taker, void *arg)
{
	CtTakerReceiver *receiver;

	if (taker == NULL)
		return None_Receiver;

	receiver = palloc0(sizeof(CtTakerReceiver));
	receiver->pub.receiveSlot = taker_receive;
	receiver->pub.rStartup = taker_startup;
	receiver->pub.rShutdown = taker_shutdown;
	receiver->pub.rDestroy = taker_destroy;
	receiver->pub.mydest = DestTuplestore;	/* any that is neither remote nor SPI */
	receiver->taker = taker;
	receiver->arg = arg;
	receiver->wants_values = true;
	return (DestReceiver *) receiver;
}

/* Tells which statement an error was in, as SPI does. */
static void
plan_error_context(void *arg)
{
	CtStatement *statement = arg;
	const char *text = statement->prepared->source->query_string;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(text);
	}
	else
		errcontext("SQL statement \"%s\"", text);
}

/* What rules have made several statements of, or none, is left to SPI. */
static void
execute_by_spi(CtSession *session, CtStatement *statement, DestReceiver *receiver)
{
	SPIExecuteOptions options;
	int			rc;

	/* SPI wants a snapshot below its own */
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	memset(&options, 0, sizeof(options));
	options.params = statement->prepared->params;
	options.dest = receiver;
	rc = SPI_execute_plan_extended(statement->prepared->plan, &options);
	if (rc < 0)
		elog(ERROR, "SPI_execute_plan_extended: %s", SPI_result_code_string(rc));
	session->rows += SPI_processed;
	SPI_finish();
	PopActiveSnapshot();
}

static void
execute_plan(CtSession *session, CtStatement *statement, const CtVariables *vars,
			 CtRowTaker taker, void *taker_arg)
{
	DestReceiver *receiver = make_receiver(taker, taker_arg);
	ErrorContextCallback context;
	CachedPlan *plan;
	PlannedStmt *stmt;

	if (statement->prepared->params)
		ct_statement_bind(statement, vars);

	context.callback = plan_error_context;
	context.arg = statement;
	context.previous = error_context_stack;
	error_context_stack = &context;

	/* locks the tables, so that the snapshot comes after */
	plan = GetCachedPlan(statement->prepared->source, statement->prepared->params, CurrentResourceOwner, NULL);
	stmt = list_length(plan->stmt_list) == 1 ? linitial_node(PlannedStmt, plan->stmt_list) : NULL;
	if (likely(stmt != NULL && stmt->utilityStmt == NULL))
	{
		QueryDesc  *desc;

		PushActiveSnapshot(GetTransactionSnapshot());
		desc = CreateQueryDesc(stmt, statement->prepared->source->query_string, GetActiveSnapshot(),
							   InvalidSnapshot, receiver, statement->prepared->params, NULL, 0);
		ExecutorStart(desc, 0);
		ct_executor_run(desc);
		session->rows += desc->estate->es_processed;
		ExecutorFinish(desc);
		ExecutorEnd(desc);
		FreeQueryDesc(desc);
		PopActiveSnapshot();
		error_context_stack = context.previous;
	}
	else
	{
		error_context_stack = context.previous;
		execute_by_spi(session, statement, receiver);
	}
	ReleaseCachedPlan(plan, CurrentResourceOwner);
}

/* What a DO block has of variables is text, which is no SQL. */
static void
do_error_context(void *arg)
{
	const char *p = arg;

	while ((p = strchr(p, ':')) != NULL && (p[1] == ':' || p[1] == '=' || isspace((unsigned char) p[1])))
		p += 2;
	if (p != NULL && geterrcode() == ERRCODE_SYNTAX_ERROR)
		errhint("Within quotes and dollar quotes :name is no variable. Pass its value by set_config() and current_setting(), or CALL a procedure with it.");
}

/*
 * Executes text as a client's simple query would be, in the transaction
 * command under way.  Returns the TransactionStmtKind of what it ends with,
 * or NO_CONTROL.
 */
static int
execute_text(CtSession *session, const char *text, CtRowTaker taker, void *taker_arg)
{
	List	   *parsed;
	RawStmt    *raw;
	bool		snapshot;
	List	   *queries;
	List	   *plans;
	Portal		portal;
	DestReceiver *receiver;
	QueryCompletion qc;
	ErrorContextCallback context;

	MemoryContextSwitchTo(MessageContext);
	parsed = pg_parse_query(text);
	if (parsed == NIL)
		return NO_CONTROL;
	if (list_length(parsed) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a variable's value makes several statements of one")));
	raw = linitial_node(RawStmt, parsed);
	if (IsA(raw->stmt, CopyStmt) && ((CopyStmt *) raw->stmt)->filename == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY to or from a client is not supported in a script"),
				 errdetail("A script runs inside the server, where there is no client.")));

	snapshot = analyze_requires_snapshot(raw);
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	queries = pg_analyze_and_rewrite_fixedparams(raw, text, NULL, 0, NULL);
	plans = pg_plan_queries(queries, text, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();

	context.callback = do_error_context;
	context.arg = unconstify(char *, text);
	context.previous = error_context_stack;
	if (IsA(raw->stmt, DoStmt))
		error_context_stack = &context;

	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, text, CreateCommandTag(raw->stmt), plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	receiver = make_receiver(taker, taker_arg);
	ct_portal_run(portal, receiver, &qc);
	session->rows += qc.nprocessed;
	receiver->rDestroy(receiver);
	PortalDrop(portal, false);
	error_context_stack = context.previous;
	MemoryContextSwitchTo(MessageContext);

	return IsA(raw->stmt, TransactionStmt) ?
		(int) ((TransactionStmt *) raw->stmt)->kind : NO_CONTROL;
}

static CtStatement *
inprocess_prepare(CtSession *session, const CtSql *sql, const CtSymbols *symbols)
{
	CtInProcess *self = (CtInProcess *) session;

	return ct_statement_create(self->context, sql, symbols);
}

/*
 * Says in pg_stat_activity what we execute.  Where that is what it says
 * already, as of less than a millisecond ago, it may stay, for a script of one
 * short statement would spend more on it than on anything else of ours; and
 * from one statement to the next it takes no more than the new text, not the
 * look at the clock by which the server sums up how long a session is active.
 */
static void
report_activity(CtInProcess *self, const CtStatement *statement)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	volatile PgBackendStatus *entry = MyBEEntry;

	/* a BEGIN is over before anybody could read of it */
	if (statement->kind == CT_STATEMENT_BEGIN)
		return;
	if (entry == NULL || entry->st_state != STATE_RUNNING || !pgstat_track_activities)
		pgstat_report_activity(STATE_RUNNING, statement->sql->text);
	else if (statement == self->reported && now - self->reported_at < 1000)
		return;
	else
	{
		PGSTAT_BEGIN_WRITE_ACTIVITY(entry);
		entry->st_activity_start_timestamp = now;
		ct_forget_query_ids(entry);
		memcpy(entry->st_activity_raw, statement->sql->text, statement->reported_len);
		entry->st_activity_raw[statement->reported_len] = '\0';
		PGSTAT_END_WRITE_ACTIVITY(entry);
	}
	self->reported = statement;
	self->reported_at = now;
}

static CtTransactionEvent
inprocess_execute(CtSession *session, CtStatement *statement, const CtVariables *vars,
				  bool more, CtRowTaker taker, void *taker_arg)
{
	CtInProcess *self = (CtInProcess *) session;
	MemoryContext oldcontext = CurrentMemoryContext;
	CtTransactionEvent event = CT_TRANSACTION_COMMITTED;
	bool		timed = StatementTimeout > 0;
	bool		was_open = IsTransactionBlock();
	int			control = NO_CONTROL;
	CtStatementKind kind;

	SetCurrentStatementStartTimestamp();
	report_activity(self, statement);
	if (timed)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);

	StartTransactionCommand();
	if (more)
		BeginImplicitTransactionBlock();
	MemoryContextReset(MessageContext);
	MemoryContextSwitchTo(MessageContext);

	kind = ct_statement_look(statement, vars);
	switch (kind)
	{
		case CT_STATEMENT_PLAN:
			execute_plan(session, statement, vars, taker, taker_arg);
			break;
		case CT_STATEMENT_BEGIN:
			BeginTransactionBlock();
			control = TRANS_STMT_BEGIN;
			break;
		case CT_STATEMENT_COMMIT:
			(void) EndTransactionBlock(false);
			control = TRANS_STMT_COMMIT;
			break;
		case CT_STATEMENT_ROLLBACK:
			UserAbortTransactionBlock(false);
			control = TRANS_STMT_ROLLBACK;
			break;
		case CT_STATEMENT_UTILITY:
			control = execute_text(session, statement->sql->text, taker, taker_arg);
			break;
		case CT_STATEMENT_TEXT:
			control = execute_text(session, ct_statement_text(statement, vars), taker, taker_arg);
			/* that was the last resort, but it works */
			if (unlikely(statement->kind == CT_STATEMENT_NEW))
				statement->kind = CT_STATEMENT_TEXT;
			break;
		case CT_STATEMENT_EMPTY:
		case CT_STATEMENT_NEW:
			break;
	}

	/* as in the server's main loop, the commit isn't the statement's time */
	if (timed)
		disable_timeout(STATEMENT_TIMEOUT, false);
	if (more && control == NO_CONTROL)
		CommandCounterIncrement();
	else
	{
		/* only ends a block that "\;" had begun */
		if (!more)
			EndImplicitTransactionBlock();
		/* transaction control takes effect before the next statement, whatever joins them */
		CommitTransactionCommand();
	}

	/* AND CHAIN ends a transaction although there is one afterwards */
	if (control == TRANS_STMT_ROLLBACK)
		event = CT_TRANSACTION_ROLLED_BACK;
	else if (control != TRANS_STMT_COMMIT && IsTransactionBlock())
		event = was_open ? CT_TRANSACTION_OPEN : CT_TRANSACTION_BEGAN;
	MemoryContextSwitchTo(oldcontext);
	return event;
}

/* How long warming up waits for a lock; whoever executes waits for it as long as it takes. */
#define WARM_UP_LOCK_TIMEOUT	"10ms"

/* Calls the validator of a user's function, which compiles it and keeps that. */
static bool
compile_function(Oid funcid, void *context)
{
	HeapTuple	tuple;
	Oid			language;
	Oid			validator;

	if (funcid < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	if (!HeapTupleIsValid(tuple))
		return false;
	language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	ReleaseSysCache(tuple);
	if (language == ClanguageId || language == INTERNALlanguageId)
		return false;
	tuple = SearchSysCache1(LANGOID, ObjectIdGetDatum(language));
	if (!HeapTupleIsValid(tuple))
		return false;
	validator = ((Form_pg_language) GETSTRUCT(tuple))->lanvalidator;
	ReleaseSysCache(tuple);
	if (OidIsValid(validator))
		(void) OidFunctionCall1(validator, ObjectIdGetDatum(funcid));
	return false;
}

static bool
compile_functions(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, compile_functions, context, 0);
	(void) check_functions_in_node(node, compile_function, context);
	return expression_tree_walker(node, compile_functions, context);
}

/* Up to the point where the executor would begin to do something. */
static void
warm_up_plan(CtStatement *statement, const CtVariables *vars)
{
	CachedPlan *plan;
	PlannedStmt *stmt;

	if (statement->prepared->params)
		ct_statement_bind(statement, vars);
	plan = GetCachedPlan(statement->prepared->source, statement->prepared->params,
						 CurrentResourceOwner, NULL);
	stmt = list_length(plan->stmt_list) == 1 ? linitial_node(PlannedStmt, plan->stmt_list) : NULL;
	PushActiveSnapshot(GetTransactionSnapshot());
	if (stmt != NULL && stmt->utilityStmt == NULL)
		ExecutorStart(CreateQueryDesc(stmt, statement->prepared->source->query_string,
									  GetActiveSnapshot(), InvalidSnapshot, None_Receiver,
									  statement->prepared->params, NULL, 0),
					  EXEC_FLAG_SKIP_TRIGGERS);
	(void) compile_functions((Node *) statement->prepared->source->query_list, NULL);
}

static void
inprocess_warm_up(CtSession *session, CtStatement *statement, const CtVariables *vars)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	PG_TRY();
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		(void) set_config_option("lock_timeout", WARM_UP_LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
		MemoryContextReset(MessageContext);
		MemoryContextSwitchTo(MessageContext);
		ct_statement_look(statement, vars);
		if (statement->kind == CT_STATEMENT_PLAN)
			warm_up_plan(statement, vars);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(oldcontext);
		FlushErrorState();
	}
	PG_END_TRY();

	/* a table may be missing that the script makes, by which it isn't plannable yet */
	if (statement->kind != CT_STATEMENT_PLAN)
		ct_statement_forget(statement);

	/* whatever was opened is closed by this */
	AbortOutOfAnyTransaction();
	MemoryContextReset(MessageContext);
	MemoryContextSwitchTo(oldcontext);
}

static bool
inprocess_in_transaction(CtSession *session)
{
	return IsTransactionOrTransactionBlock();
}

static void
inprocess_rollback(CtSession *session)
{
	disable_timeout(STATEMENT_TIMEOUT, false);
	AbortOutOfAnyTransaction();
	MemoryContextReset(MessageContext);
}

CtSession *
ct_session_in_process(void)
{
	CtInProcess *self = palloc0(sizeof(CtInProcess));

	self->session.prepare = inprocess_prepare;
	self->session.execute = inprocess_execute;
	self->session.warm_up = inprocess_warm_up;
	self->session.in_transaction = inprocess_in_transaction;
	self->session.rollback = inprocess_rollback;
	self->context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext session",
										  ALLOCSET_DEFAULT_SIZES);
	if (MessageContext == NULL)
		MessageContext = AllocSetContextCreate(TopMemoryContext, "MessageContext",
											   ALLOCSET_DEFAULT_SIZES);
	return &self->session;
}
