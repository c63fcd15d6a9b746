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

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/prepare.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "src/base/ct_compat.h"
#include "src/session/statement.h"
#include "src/session/taker.h"

/* of a statement that is no TransactionStmt */
#define NO_CONTROL	(-1)

typedef struct CtInProcess
{
	CtSession	session;		/* must be first */
	MemoryContext context;

	/* what is under way; executed by finish */
	bool		opening;
	const CtSetting *settings;
	int			nsettings;
	CtStatement *statement;
	const CtVariables *vars;
	bool		more;
	CtRowTaker	taker;
	void	   *taker_arg;

	bool		announced;		/* the commit that comes, to the observer */
	bool		has_temp;		/* a transaction that was listened to has used temporary objects */
	Oid			role;			/* whom it acts as, unless a SET says else */

	TimestampTz stats_reported;	/* when the server's statistics last heard of all that we did */

	/* what pg_stat_activity says, and since when */
	const CtStatement *reported;
	TimestampTz reported_at;
} CtInProcess;

/* whose transactions these are; NULL where it is nobody's who listens */
static CtInProcess *inprocess_current = NULL;

static bool inprocess_hears = false;	/* the server tells us of transactions */

/* Tells which statement an error was in, as SPI does. */
static void
inprocess_plan_context(void *arg)
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
inprocess_execute_by_spi(CtInProcess *self, DestReceiver *receiver)
{
	CtPrepared *prepared = self->statement->prepared;
	SPIExecuteOptions options;
	int			rc;

	/* SPI wants a snapshot below its own */
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	memset(&options, 0, sizeof(options));
	options.params = prepared->params;
	options.dest = receiver;
	rc = SPI_execute_plan_extended(prepared->plan, &options);
	if (rc < 0)
		elog(ERROR, "SPI_execute_plan_extended: %s", SPI_result_code_string(rc));
	self->session.rows += SPI_processed;
	SPI_finish();
	PopActiveSnapshot();
}

static void
inprocess_execute_plan(CtInProcess *self)
{
	CtStatement *statement = self->statement;
	DestReceiver *receiver = ct_taker_receiver(self->taker, self->taker_arg);
	ErrorContextCallback context;
	CachedPlan *plan;
	PlannedStmt *stmt;

	if (statement->prepared->params)
		ct_statement_bind(statement, self->vars);

	context.callback = inprocess_plan_context;
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
		self->session.rows += desc->estate->es_processed;
		ExecutorFinish(desc);
		ExecutorEnd(desc);
		FreeQueryDesc(desc);
		PopActiveSnapshot();
		error_context_stack = context.previous;
	}
	else
	{
		error_context_stack = context.previous;
		inprocess_execute_by_spi(self, receiver);
	}
	ReleaseCachedPlan(plan, CurrentResourceOwner);
}

/* What a DO block has of variables is text, which is no SQL. */
static void
inprocess_do_context(void *arg)
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
inprocess_execute_text(CtInProcess *self, const char *text)
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

	context.callback = inprocess_do_context;
	context.arg = unconstify(char *, text);
	context.previous = error_context_stack;
	if (IsA(raw->stmt, DoStmt))
		error_context_stack = &context;

	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, text, CreateCommandTag(raw->stmt), plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	receiver = ct_taker_receiver(self->taker, self->taker_arg);
	ct_portal_run(portal, receiver, &qc);
	self->session.rows += qc.nprocessed;
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
inprocess_report_activity(CtInProcess *self, const CtStatement *statement)
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

/* ---- what the observer hears of transactions ---- */

/*
 * A commit that is a statement's, or that of a block, is told of before the
 * server begins with it, so before deferred triggers are fired; one that
 * happens within a statement, by the callback below.
 */
static void
inprocess_announce_commit(CtInProcess *self)
{
	CtObserver *observer = self->session.observer;

	if (likely(observer == NULL || observer->before_commit == NULL))
		return;
	observer->before_commit(observer);
	self->announced = true;
}

/* The snapshot of all of a transaction's statements, if there is such a one. */
static Snapshot
inprocess_transaction_snapshot(void)
{
	return FirstSnapshotSet && IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : NULL;
}

static void
inprocess_tell_ended(CtInProcess *self, CtTransactionEvent event)
{
	CtObserver *observer = self->session.observer;

	self->announced = false;
	if (observer->ended != NULL)
		observer->ended(observer, event, GetTopTransactionIdIfAny(),
						inprocess_transaction_snapshot());
}

/* Called by the server for every transaction of the process, of whoever's. */
static void
inprocess_transaction_event(XactEvent event, void *arg)
{
	CtInProcess *self = inprocess_current;

	if (self == NULL || self->session.observer == NULL)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (!self->announced && self->session.observer->before_commit != NULL)
				self->session.observer->before_commit(self->session.observer);
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			self->has_temp |= (MyXactFlags & XACT_FLAGS_ACCESSEDTEMPNAMESPACE) != 0;
			inprocess_tell_ended(self, CT_TRANSACTION_COMMITTED);
			break;
		case XACT_EVENT_ABORT:
			inprocess_tell_ended(self, CT_TRANSACTION_ROLLED_BACK);
			break;
		default:
			break;
	}
}

/* The server is asked once for what an observer wants to hear of it, and only if one does. */
static inline void
inprocess_listen(const CtObserver *observer)
{
	if (likely(inprocess_hears || (observer->before_commit == NULL && observer->ended == NULL)))
		return;
	RegisterXactCallback(inprocess_transaction_event, NULL);
	inprocess_hears = true;
}

/* ---- the session ---- */

static CtTransactionEvent
inprocess_execute(CtInProcess *self)
{
	CtStatement *statement = self->statement;
	MemoryContext oldcontext = CurrentMemoryContext;
	CtTransactionEvent event = CT_TRANSACTION_COMMITTED;
	bool		timed = StatementTimeout > 0;
	bool		was_open = IsTransactionBlock();
	int			control = NO_CONTROL;
	CtStatementKind kind;

	SetCurrentStatementStartTimestamp();
	inprocess_report_activity(self, statement);
	if (timed)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);

	StartTransactionCommand();
	if (self->more)
		BeginImplicitTransactionBlock();
	MemoryContextReset(MessageContext);
	MemoryContextSwitchTo(MessageContext);

	kind = ct_statement_look(statement, self->vars);
	switch (kind)
	{
		case CT_STATEMENT_PLAN:
			inprocess_execute_plan(self);
			break;
		case CT_STATEMENT_BEGIN:
			BeginTransactionBlock();
			control = TRANS_STMT_BEGIN;
			break;
		case CT_STATEMENT_COMMIT:
			if (was_open)
				inprocess_announce_commit(self);
			(void) EndTransactionBlock(false);
			control = TRANS_STMT_COMMIT;
			break;
		case CT_STATEMENT_ROLLBACK:
			UserAbortTransactionBlock(false);
			control = TRANS_STMT_ROLLBACK;
			break;
		case CT_STATEMENT_UTILITY:
			control = inprocess_execute_text(self, statement->sql->text);
			break;
		case CT_STATEMENT_TEXT:
			control = inprocess_execute_text(self, ct_statement_text(statement, self->vars));
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
	if (self->more && control == NO_CONTROL)
		CommandCounterIncrement();
	else
	{
		/* only ends a block that "\;" had begun */
		if (!self->more)
			EndImplicitTransactionBlock();
		if (control == NO_CONTROL && !IsTransactionBlock())
			inprocess_announce_commit(self);
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

static void
inprocess_warm_up(CtSession *session, CtStatement *statement, const CtVariables *vars)
{
	Assert(!IsTransactionOrTransactionBlock());
	ct_statement_warm_up(statement, vars);
}

static void
inprocess_open(CtSession *session, const CtSetting *settings, int nsettings)
{
	CtInProcess *self = (CtInProcess *) session;

	Assert(!self->opening && self->statement == NULL);
	self->opening = true;
	self->settings = settings;
	self->nsettings = nsettings;
}

/* The process is connected; what it connects with is set as if a client had done so. */
static void
inprocess_set(CtInProcess *self)
{
	int			i;

	for (i = 0; i < self->nsettings; i++)
	{
		/* what RESET comes back to, and over what was SET since */
		SetConfigOption(self->settings[i].name, self->settings[i].value, PGC_USERSET, PGC_S_CLIENT);
		SetConfigOption(self->settings[i].name, self->settings[i].value, PGC_USERSET, PGC_S_SESSION);
	}
}

static inline void
inprocess_note_timeouts(CtSession *session)
{
	session->gives_up = LockTimeout > 0 || StatementTimeout > 0;
}

static void
inprocess_start(CtSession *session, CtStatement *statement, const CtVariables *vars,
				bool more, CtRowTaker taker, void *taker_arg)
{
	CtInProcess *self = (CtInProcess *) session;

	Assert(!self->opening && self->statement == NULL);
	self->statement = statement;
	self->vars = vars;
	self->more = more;
	self->taker = taker;
	self->taker_arg = taker_arg;
	inprocess_note_timeouts(session);
}

static bool
inprocess_ready(CtSession *session, CtWait *wait)
{
	return true;
}

static void
inprocess_rollback(CtSession *session)
{
	CtInProcess *self = (CtInProcess *) session;

	inprocess_current = self;
	self->opening = false;
	self->statement = NULL;
	disable_timeout(STATEMENT_TIMEOUT, false);
	AbortOutOfAnyTransaction();
	inprocess_current = NULL;
	self->announced = false;
	MemoryContextReset(MessageContext);
}

/*
 * The lock manager arms the deadlock timeout each time that it goes to sleep on
 * a heavyweight lock, so when that was last done tells whether something has
 * slept, and since when; and it costs nothing.
 */
static inline TimestampTz
inprocess_last_wait(void)
{
	return get_timeout_start_time(DEADLOCK_TIMEOUT);
}

/* how often the server's statistics are told of what is executed */
#define STATS_INTERVAL_MS	1000

/*
 * The server's main loop asks after each transaction whether it is time; the
 * answer is no more often than that, and the question isn't free.
 */
static inline void
inprocess_report_stat(CtInProcess *self)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	if (likely(now - self->stats_reported < STATS_INTERVAL_MS * INT64CONST(1000)) ||
		IsTransactionOrTransactionBlock())
		return;
	if (pgstat_report_stat(false) == 0)
		self->stats_reported = now;
}

static CtStatementResult
inprocess_finish(CtSession *session)
{
	CtInProcess *self = (CtInProcess *) session;
	bool		opening = self->opening;
	CtObserver *volatile observer = opening ? NULL : session->observer;
	TimestampTz last_wait = observer ? inprocess_last_wait() : 0;
	MemoryContext context = CurrentMemoryContext;
	CtStatementResult result;
	volatile CtTransactionEvent event = CT_TRANSACTION_ROLLED_BACK;
	ErrorData  *volatile error = NULL;

	inprocess_current = self;
	PG_TRY();
	{
		if (unlikely(opening))
			inprocess_set(self);
		else
		{
			if (observer != NULL)
			{
				inprocess_listen(observer);
				if (observer->statement != NULL)
					observer->statement(observer, true);
			}
			event = inprocess_execute(self);
		}
	}
	PG_CATCH();
	{
		/* whoever has other sessions goes on with them */
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		inprocess_rollback(session);
		MemoryContextSwitchTo(context);
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();

	inprocess_current = NULL;
	if (observer != NULL)
	{
		TimestampTz wait = inprocess_last_wait();

		if (unlikely(wait != last_wait) && observer->waited != NULL)
			observer->waited(observer, wait);
		if (observer->statement != NULL)
			observer->statement(observer, false);
	}
	self->opening = false;
	self->statement = NULL;
	inprocess_note_timeouts(session);
	inprocess_report_stat(self);
	result.event = event;
	result.error = error;
	return result;
}

/* What takes a transaction of its own, and is seldom asked for. */
static void
inprocess_renew_more(CtInProcess *self, bool role)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		if (role)
		{
			SetPGVariable("role", NIL, false);
			SetPGVariable("session_authorization", NIL, false);
		}
		if (self->has_temp)
			ResetTempTableNamespace();
		PopActiveSnapshot();
		CommitTransactionCommand();
		self->has_temp = false;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		inprocess_rollback(&self->session);
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
}

/* May there be temporary tables of ours?  Where nobody has listened, that isn't known of transactions. */
static bool
inprocess_may_have_temp(const CtInProcess *self)
{
	const CtObserver *observer = self->session.observer;
	Oid			namespace;
	Oid			toast_namespace;

	if (self->has_temp || (observer != NULL && observer->ended != NULL))
		return self->has_temp;
	GetTempNamespaceState(&namespace, &toast_namespace);
	return OidIsValid(namespace);
}

/* As DISCARD ALL does, but for the plans, and for what can't be there. */
static void
inprocess_renew(CtSession *session, bool forget)
{
	CtInProcess *self = (CtInProcess *) session;
	bool		role = GetUserId() != self->role || GetSessionUserId() != self->role;

	Assert(!IsTransactionOrTransactionBlock());
	PortalHashTableDeleteAll();
	self->has_temp = inprocess_may_have_temp(self);
	if (unlikely(role || self->has_temp))
		inprocess_renew_more(self, role);
	ResetAllOptions();
	DropAllPreparedStatements();
	LockReleaseAll(USER_LOCKMETHOD, true);
	ResetSequenceCaches();
	if (forget)
		ResetPlanCache();
	inprocess_note_timeouts(session);
}

static bool
inprocess_in_transaction(CtSession *session)
{
	return IsTransactionOrTransactionBlock();
}

static void
inprocess_idle(CtSession *session, bool for_good)
{
	/* a utility statement may have left one, which holds back others */
	InvalidateCatalogSnapshotConditionally();
	if (for_good)
		pgstat_report_stat(true);
	pgstat_report_activity(IsTransactionOrTransactionBlock() ?
						   STATE_IDLEINTRANSACTION : STATE_IDLE, NULL);
}

/* As StatementCancelHandler, which is called by the signal that this may be called by. */
static void
inprocess_cancel(CtSession *session)
{
	if (proc_exit_inprogress)
		return;
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

static int
inprocess_pid(CtSession *session)
{
	return MyProcPid;
}

static void
inprocess_close(CtSession *session)
{
	CtInProcess *self = (CtInProcess *) session;

	inprocess_rollback(session);
	MemoryContextDelete(self->context);
}

CtSession *
ct_session_in_process(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext session",
												  ALLOCSET_DEFAULT_SIZES);
	CtInProcess *self = MemoryContextAllocZero(context, sizeof(CtInProcess));

	self->context = context;
	self->session.open = inprocess_open;
	self->session.close = inprocess_close;
	self->session.cancel = inprocess_cancel;
	self->session.pid = inprocess_pid;
	self->session.prepare = inprocess_prepare;
	self->session.warm_up = inprocess_warm_up;
	self->session.start = inprocess_start;
	self->session.ready = inprocess_ready;
	self->session.finish = inprocess_finish;
	self->session.in_transaction = inprocess_in_transaction;
	self->session.rollback = inprocess_rollback;
	self->session.renew = inprocess_renew;
	self->session.idle = inprocess_idle;
	self->role = GetUserId();
	if (MessageContext == NULL)
		MessageContext = AllocSetContextCreate(TopMemoryContext, "MessageContext",
											   ALLOCSET_DEFAULT_SIZES);
	return &self->session;
}
