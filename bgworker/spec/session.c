/*
 * session.c
 *		A spec's session: a background worker that executes what it is sent, as
 *		a backend does for its client.
 *
 * The conductor's messages are texts of SQL, each with its terminating zero;
 * the answers are those of the protocol between client and server, one a
 * message, which the server itself writes into the queue (pq_redirect_to_shm_mq,
 * as its parallel workers do).  ReadyForQuery is the last one to each text.
 *
 * What a text means is what it means in the simple query protocol: its
 * statements are one transaction, unless it says otherwise, and an error leaves
 * a transaction block aborted until its end.  So this is the server's loop for
 * clients over again, but for what only a client can do: COPY to and from it.
 * The server refuses LISTEN to background workers, for nobody would read what
 * they are told.  Here somebody does, so for that statement we are a client's
 * backend.
 *
 * It ends when the conductor detaches from its queue, whatever the reason.
 */
#include "postgres.h"

#include "access/printtup.h"
#include "access/xact.h"
#include "commands/async.h"
#include "jit/jit.h"
#include "libpq/pqmq.h"
#include "miscadmin.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "replication/slot.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/sinval.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/ps_status.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "bgworker/launch.h"
#include "bgworker/spec/segment.h"
#include "bgworker/spec/session.h"
#include "src/base/ct_compat.h"

static bool session_in_command = false; /* a transaction command is open */

/* ---- transaction commands, with statement_timeout ---- */

static void
session_stop_statement_timeout(void)
{
	if (get_timeout_active(STATEMENT_TIMEOUT))
		disable_timeout(STATEMENT_TIMEOUT, false);
}

static void
session_begin_command(void)
{
	if (!session_in_command)
		StartTransactionCommand();
	session_in_command = true;
	if (StatementTimeout <= 0)
		session_stop_statement_timeout();
	else if (!get_timeout_active(STATEMENT_TIMEOUT))
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
}

static void
session_end_command(void)
{
	session_stop_statement_timeout();
	if (session_in_command)
		CommitTransactionCommand();
	session_in_command = false;
}

/* ---- executing ---- */

static bool
session_ends_transaction(const Node *statement)
{
	TransactionStmtKind kind;

	if (!IsA(statement, TransactionStmt))
		return false;
	kind = ((const TransactionStmt *) statement)->kind;
	return kind == TRANS_STMT_COMMIT || kind == TRANS_STMT_PREPARE ||
		kind == TRANS_STMT_ROLLBACK || kind == TRANS_STMT_ROLLBACK_TO;
}

static void
session_check_statement(const Node *statement)
{
	if (IsAbortedTransactionBlockState() && !session_ends_transaction(statement))
		ereport(ERROR,
				(errcode(ERRCODE_IN_FAILED_SQL_TRANSACTION),
				 errmsg("current transaction is aborted, "
						"commands ignored until end of transaction block")));
	if (IsA(statement, CopyStmt) && ((const CopyStmt *) statement)->filename == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY to or from the client cannot be executed in a spec's session"),
				 errdetail("The session is a background worker, which has no client."),
				 errhint("Use INSERT, or COPY with a file.")));
}

/* What log_statement asks for. */
static void
session_log(const char *sql, const List *statements)
{
	const ListCell *lc;

	foreach(lc, statements)
	{
		if (log_statement == LOGSTMT_NONE ||
			GetCommandLogLevel(lfirst_node(RawStmt, lc)->stmt) > log_statement)
			continue;
		ereport(LOG, (errmsg("statement: %s", sql), errhidestmt(true)));
		return;
	}
}

/* Text, but for what is fetched from a cursor that is binary. */
static int16
session_format(const Node *statement)
{
	const FetchStmt *fetch = (const FetchStmt *) statement;
	Portal		cursor;

	if (!IsA(statement, FetchStmt) || fetch->ismove)
		return 0;
	cursor = GetPortalByName(fetch->portalname);
	return PortalIsValid(cursor) && (cursor->cursorOptions & CURSOR_OPT_BINARY) ? 1 : 0;
}

static bool (*session_print_row) (TupleTableSlot *slot, DestReceiver *self);

/*
 * Sends a row.  Who is cancelled while the queue is full would have sent half a
 * message, and could send no other; so that waits for its end, as it does where
 * a client doesn't read.
 */
static bool
session_send_row(TupleTableSlot *slot, DestReceiver *self)
{
	bool		go_on;

	HOLD_CANCEL_INTERRUPTS();
	go_on = session_print_row(slot, self);
	RESUME_CANCEL_INTERRUPTS();
	return go_on;
}

/* Parses, plans and executes one statement, and drops all that it took but memory. */
static void
session_run(RawStmt *raw, const char *sql, QueryCompletion *completion)
{
	CommandTag	tag = CreateCommandTag(raw->stmt);
	MemoryContext old = CurrentMemoryContext;
	bool		snapshot = analyze_requires_snapshot(raw);
	int16		format = session_format(raw->stmt);
	List	   *plans;
	Portal		portal;
	DestReceiver *receiver;

	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(MessageContext);
	plans = pg_plan_queries(pg_analyze_and_rewrite_fixedparams(raw, sql, NULL, 0, NULL), sql,
							CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();
	CHECK_FOR_INTERRUPTS();

	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, sql, tag, plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	PortalSetResultFormat(portal, 1, &format);
	receiver = CreateDestReceiver(DestRemote);
	SetRemoteDestReceiverParams(receiver, portal);
	session_print_row = receiver->receiveSlot;
	receiver->receiveSlot = session_send_row;

	/* the transaction's context, which a COMMIT may end */
	MemoryContextSwitchTo(old);
	if (IsA(raw->stmt, ListenStmt))
		MyBackendType = B_BACKEND;
	ct_portal_run(portal, receiver, completion);
	MyBackendType = B_BG_WORKER;
	receiver->rDestroy(receiver);
	PortalDrop(portal, false);
}

static void
session_execute(const char *sql)
{
	MemoryContext old;
	List	   *statements;
	ListCell   *lc;
	bool		several;

	debug_query_string = sql;
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, sql);
	session_begin_command();

	old = MemoryContextSwitchTo(MessageContext);
	statements = pg_parse_query(sql);
	session_log(sql, statements);
	MemoryContextSwitchTo(old);
	several = list_length(statements) > 1;

	foreach(lc, statements)
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);
		bool		last = lnext(statements, lc) == NULL;
		QueryCompletion completion;

		pgstat_report_query_id(0, true);
		set_ps_display(GetCommandTagName(CreateCommandTag(raw->stmt)));
		session_check_statement(raw->stmt);
		session_begin_command();

		/* each time, for there may have been a COMMIT */
		if (several)
			BeginImplicitTransactionBlock();
		CHECK_FOR_INTERRUPTS();
		session_run(raw, sql, &completion);

		/* errors of the transaction's end come before what says that all is well */
		if (last)
		{
			if (several)
				EndImplicitTransactionBlock();
			session_end_command();
		}
		else if (IsA(raw->stmt, TransactionStmt))
			session_end_command();
		else
		{
			CommandCounterIncrement();
			session_stop_statement_timeout();
		}
		EndCommand(&completion, DestRemote, false);
	}
	session_end_command();
	if (statements == NIL)
		NullCommand(DestRemote);
	debug_query_string = NULL;
}

/* After an error: tells it, and leaves the transaction as a client would find it. */
static void
session_recover(void)
{
	HOLD_INTERRUPTS();
	MyBackendType = B_BG_WORKER;
	disable_all_timeouts(false);
	QueryCancelPending = false;
	EmitErrorReport();
	debug_query_string = NULL;
	AbortCurrentTransaction();
	PortalErrorCleanup();
	if (MyReplicationSlot != NULL)
		ReplicationSlotRelease();
	ct_replication_slot_cleanup();
	jit_reset_after_error();
	MemoryContextSwitchTo(TopMemoryContext);
	FlushErrorState();
	session_in_command = false;
	RESUME_INTERRUPTS();
}

/* ---- between texts ---- */

/* Says that it waits for the next one, in the state that it is in. */
static void
session_report_idle(void)
{
	TimeoutId	id = IDLE_IN_TRANSACTION_SESSION_TIMEOUT;
	int			timeout = IdleInTransactionSessionTimeout;

	if (IsAbortedTransactionBlockState())
	{
		set_ps_display("idle in transaction (aborted)");
		pgstat_report_activity(STATE_IDLEINTRANSACTION_ABORTED, NULL);
	}
	else if (IsTransactionOrTransactionBlock())
	{
		set_ps_display("idle in transaction");
		pgstat_report_activity(STATE_IDLEINTRANSACTION, NULL);
	}
	else
	{
		long		stats_timeout;

		if (notifyInterruptPending)
			ProcessNotifyInterrupt(false);
		stats_timeout = pgstat_report_stat(false);
		if (stats_timeout <= 0)
			disable_timeout(IDLE_STATS_UPDATE_TIMEOUT, false);
		else if (!get_timeout_active(IDLE_STATS_UPDATE_TIMEOUT))
			enable_timeout_after(IDLE_STATS_UPDATE_TIMEOUT, stats_timeout);
		set_ps_display("idle");
		pgstat_report_activity(STATE_IDLE, NULL);
		id = IDLE_SESSION_TIMEOUT;
		timeout = IdleSessionTimeout;
	}
	if (timeout > 0)
		enable_timeout_after(id, timeout);
	ReadyForQuery(DestRemote);
}

/*
 * Waits for the next text; NULL if there will be none.  It is valid until the
 * next call.  Who cancels an idle session cancels nothing.
 */
static const char *
session_read(shm_mq_handle *queue)
{
	shm_mq_result result;
	Size		length;
	void	   *text;

	HOLD_CANCEL_INTERRUPTS();
	while ((result = shm_mq_receive(queue, &length, &text, true)) == SHM_MQ_WOULD_BLOCK)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, 0, WAIT_EVENT_CLIENT_READ);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (catchupInterruptPending)
			ProcessCatchupInterrupt();
		if (notifyInterruptPending)
			ProcessNotifyInterrupt(true);
	}
	disable_timeout(IDLE_IN_TRANSACTION_SESSION_TIMEOUT, false);
	disable_timeout(IDLE_SESSION_TIMEOUT, false);
	CHECK_FOR_INTERRUPTS();
	QueryCancelPending = false;
	RESUME_CANCEL_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	return result == SHM_MQ_SUCCESS ? text : NULL;
}

void
ct_spec_session_main(Datum main_arg)
{
	int			number;
	dsm_segment *segment = ct_launch_begin(main_arg, &number);
	CtSpecShared *shared = ct_spec_shared(segment);
	shm_mq	   *to = ct_spec_queue_to(segment, number);
	shm_mq	   *from = ct_spec_queue_from(segment, number);
	shm_mq_handle *texts;
	const char *sql;

	shm_mq_set_receiver(to, MyProc);
	texts = shm_mq_attach(to, segment, NULL);
	shm_mq_set_sender(from, MyProc);
	pq_redirect_to_shm_mq(segment, shm_mq_attach(from, segment, NULL));

	/* with the settings of role and database, and what a client says of itself */
	BackgroundWorkerInitializeConnectionByOid(shared->database, shared->role,
											  CT_WORKER_CONNECTION_FLAGS);
	SetConfigOption("application_name", shared->application_name, PGC_BACKEND, PGC_S_CLIENT);
	StartTransactionCommand();
	process_session_preload_libraries();
	CommitTransactionCommand();
	MessageContext = AllocSetContextCreate(TopMemoryContext, "MessageContext", ALLOCSET_DEFAULT_SIZES);

	for (;;)
	{
		MemoryContextSwitchTo(MessageContext);
		MemoryContextReset(MessageContext);
		InvalidateCatalogSnapshotConditionally();
		session_report_idle();
		sql = session_read(texts);
		if (sql == NULL)
			break;

		PG_TRY();
		{
			session_execute(sql);
		}
		PG_CATCH();
		{
			session_recover();
		}
		PG_END_TRY();
	}
	proc_exit(0);
}
