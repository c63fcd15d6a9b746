/*
 * session_unit.c
 *		The in-process session: what it returns, and what it tells its observer.
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "src/session/session.h"
#include "t/units/units.h"

/* an observer that writes down what it is told */
typedef struct Listener
{
	CtObserver	observer;		/* must be first */
	StringInfoData heard;
	TransactionId xid;			/* of the transaction that ended last */
	TransactionId xmin;			/* of its snapshot, if it had one */
	bool		objects;		/* raise an error before a commit */
} Listener;

static CtSession *session;
static CtSymbols *symbols;
static CtVariables *vars;
static char value[256];			/* of the last row's first column, "" if there is no row */

/* ---- a listener ---- */

static void
listener_note(CtObserver *self, const char *what)
{
	StringInfo	heard = &((Listener *) self)->heard;

	appendStringInfo(heard, "%s%s", heard->len > 0 ? " " : "", what);
}

static void
listener_statement(CtObserver *self, bool begin)
{
	listener_note(self, begin ? "(" : ")");
}

static void
listener_before_commit(CtObserver *self)
{
	listener_note(self, IsTransactionState() ? "before" : "before, but there is no transaction");
	if (((Listener *) self)->objects)
		ereport(ERROR,
				(errcode(ERRCODE_RAISE_EXCEPTION),
				 errmsg("the listener objects")));
}

static void
listener_ended(CtObserver *self, CtTransactionEvent event, TransactionId xid, Snapshot snapshot)
{
	((Listener *) self)->xid = xid;
	listener_note(self, event == CT_TRANSACTION_COMMITTED ? "committed" :
				  event == CT_TRANSACTION_ROLLED_BACK ? "rolled back" : "what?");
	if (TransactionIdIsValid(xid))
		listener_note(self, "with xid");
	if (snapshot != NULL)
		listener_note(self, "and snapshot");
	((Listener *) self)->xmin = snapshot ? snapshot->xmin : InvalidTransactionId;
}

static void
listener_waited(CtObserver *self, TimestampTz since)
{
	listener_note(self, since > 0 && since <= GetCurrentTimestamp() ? "waited" : "waited?");
}

static Listener listener = {
	{listener_statement, listener_before_commit, listener_ended, listener_waited}
};

/* ---- statements ---- */

static bool
take_value(void *arg, int ncolumns, const char *const *names, const Oid *types,
		   const char *const *values)
{
	strlcpy(value, values[0] ? values[0] : "null", sizeof(value));
	return true;
}

/* Executes one, as whoever has other sessions, too. */
static CtStatementResult
execute(const char *sql)
{
	CtScript   *script = ct_script_parse("unit", sql, symbols, false);
	CtStatement *statement = session->prepare(session, &script->commands[0].statements[0], symbols);

	value[0] = '\0';
	resetStringInfo(&listener.heard);
	session->start(session, statement, vars, false, take_value, NULL);
	ct_session_await(session);
	return session->finish(session);
}

/* Executes one that is to go well. */
static CtTransactionEvent
executed(const char *sql)
{
	CtStatementResult result = execute(sql);

	if (result.error != NULL)
		unit_ok(false, "%s: %s", sql, result.error->message);
	return result.event;
}

/* Executes one that is to fail; its SQLSTATE. */
static const char *
failed(const char *sql)
{
	CtStatementResult result = execute(sql);

	unit_ok(result.error == NULL || !session->in_transaction(session),
			"no transaction is left of: %s", sql);
	return result.error ? pstrdup(unpack_sql_state(result.error->sqlerrcode)) : "no error";
}

static const char *
queried(const char *sql)
{
	(void) executed(sql);
	return value;
}

/* ---- what is tested ---- */

static void
test_settings(void)
{
	CtSetting	settings[] = {{"search_path", "public, pg_catalog"}, {"work_mem", "3MB"}};
	CtSetting	wrong[] = {{"work_mem", "much"}};
	CtStatementResult result;

	ct_session_open(session, settings, 2);
	unit_is(queried("SHOW work_mem"), "3MB", "a setting of open");
	(void) executed("SET work_mem = '5MB'");
	unit_is(queried("SHOW work_mem"), "5MB", "is changed by SET");
	(void) executed("RESET work_mem");
	unit_is(queried("SHOW work_mem"), "3MB", "and is what RESET comes back to");
	(void) executed("SET work_mem = '5MB'");
	ct_session_open(session, settings, 2);
	unit_is(queried("SHOW work_mem"), "3MB", "open again sets it over a SET");

	session->open(session, wrong, 1);
	ct_session_await(session);
	result = session->finish(session);
	unit_is(result.error ? unpack_sql_state(result.error->sqlerrcode) : NULL, "22023",
			"a wrong one is an error that finish returns");
	unit_is(queried("SHOW work_mem"), "3MB", "and the session goes on");
}

static void
test_events(void)
{
	(void) executed("CREATE TABLE t (i int)");
	session->observer = &listener.observer;

	unit_ok(executed("SELECT 1") == CT_TRANSACTION_COMMITTED, "a statement is a transaction");
	unit_is(listener.heard.data, "( before committed )", "and is heard so");
	unit_ok(executed("BEGIN") == CT_TRANSACTION_BEGAN, "BEGIN begins");
	unit_is(listener.heard.data, "( )", "with nothing that ends");
	unit_ok(executed("INSERT INTO t VALUES (1)") == CT_TRANSACTION_OPEN, "within a block");
	unit_is(listener.heard.data, "( )", "nothing ends either");
	(void) queried("SELECT pg_current_xact_id()");
	unit_ok(executed("COMMIT") == CT_TRANSACTION_COMMITTED, "COMMIT ends it");
	unit_is(listener.heard.data, "( before committed with xid )", "which is heard once");
	session->observer = NULL;
}

/* Whatever commits is told of before it does, and once. */
static void
test_commits(void)
{
	char		xid[32];

	(void) executed("CREATE TABLE parent (id int PRIMARY KEY)");
	(void) executed("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)");
	(void) executed("CREATE PROCEDURE commits() LANGUAGE plpgsql AS "
					"'BEGIN INSERT INTO t VALUES (2); COMMIT; INSERT INTO t VALUES (3); COMMIT; PERFORM 1; END'");
	(void) executed("CREATE PROCEDURE fails() LANGUAGE plpgsql AS "
					"'BEGIN INSERT INTO t VALUES (4); COMMIT; PERFORM 1/0; END'");
	session->observer = &listener.observer;

	(void) executed("INSERT INTO t VALUES (5)");
	unit_is(listener.heard.data, "( before committed with xid )", "a statement that writes");
	(void) executed("BEGIN ISOLATION LEVEL REPEATABLE READ");
	strlcpy(xid, queried("SELECT pg_current_xact_id()"), sizeof(xid));
	(void) executed("COMMIT");
	unit_is(listener.heard.data, "( before committed with xid and snapshot )",
			"a block with one snapshot");
	unit_is(psprintf("%u", listener.xid), xid, "whose xid is told");
	unit_ok(TransactionIdIsNormal(listener.xmin), "and snapshot");
	(void) executed("BEGIN ISOLATION LEVEL REPEATABLE READ");
	(void) executed("COMMIT");
	unit_is(listener.heard.data, "( before committed )", "one that never had any");

	(void) executed("CALL commits()");
	unit_is(listener.heard.data,
			"( before committed with xid before committed with xid before committed )",
			"a procedure that commits twice");
	(void) execute("CALL fails()");
	unit_is(listener.heard.data, "( before committed with xid rolled back )",
			"one that commits and fails");

	(void) executed("BEGIN");
	(void) executed("INSERT INTO child VALUES (1)");
	unit_is(failed("COMMIT"), "23503", "a deferred constraint fails");
	unit_is(listener.heard.data, "( before rolled back with xid )",
			"after the commit was told of, and before it was");

	(void) executed("BEGIN");
	(void) executed("INSERT INTO t VALUES (6)");
	(void) executed("COMMIT AND CHAIN");
	unit_is(listener.heard.data, "( before committed with xid )", "a block that goes on in another one");
	(void) executed("ROLLBACK");
	unit_is(listener.heard.data, "( rolled back )", "a block that is rolled back");
	(void) executed("VACUUM t");
	unit_ok(strncmp(listener.heard.data, "( before committed", 18) == 0,
			"a utility: %s", listener.heard.data);

	listener.objects = true;
	unit_is(failed("INSERT INTO t VALUES (7)"), "P0001", "who is told may object");
	unit_is(listener.heard.data, "( before rolled back with xid )", "and then it isn't committed");
	(void) executed("BEGIN");
	(void) executed("INSERT INTO t VALUES (8)");
	unit_is(failed("COMMIT"), "P0001", "to a block");
	unit_is(failed("CALL commits()"), "P0001", "and to a procedure's commit");
	listener.objects = false;
	unit_is(queried("SELECT string_agg(i::text, ' ' ORDER BY i) FROM t"), "1 2 3 4 5 6",
			"what was committed is there, and nothing else");
	session->observer = NULL;
}

/* A prepared transaction holds the lock, since a process can't wait for itself. */
static void
test_waits(void)
{
	(void) executed("BEGIN");
	(void) executed("LOCK TABLE t");
	session->observer = &listener.observer;
	unit_ok(executed("PREPARE TRANSACTION 'unit'") == CT_TRANSACTION_COMMITTED,
			"who prepares a transaction is out of it");
	unit_is(listener.heard.data, "( before committed with xid )", "which is told as its commit");

	unit_ok(!session->gives_up, "without a timeout it doesn't give up");
	(void) executed("SET lock_timeout = '200ms'");
	unit_ok(session->gives_up, "with one it does");
	unit_is(failed("SELECT FROM t"), "55P03", "who waits for a lock");
	unit_is(listener.heard.data, "( rolled back waited )", "has waited, whatever came of it");
	(void) executed("SELECT 1");
	unit_is(listener.heard.data, "( before committed )", "the next one hasn't");
	(void) executed("RESET lock_timeout");
	unit_ok(!session->gives_up, "without it again");
	(void) executed("SET statement_timeout = '200ms'");
	unit_is(failed("SELECT FROM t"), "57014", "a statement_timeout");
	unit_is(listener.heard.data, "( rolled back waited )", "is the same");
	(void) executed("RESET statement_timeout");
	unit_ok(executed("SELECT pg_sleep(0.05)") == CT_TRANSACTION_COMMITTED, "and is over then");
	(void) executed("COMMIT PREPARED 'unit'");
	session->observer = NULL;
}

static void
test_cancel(void)
{
	CtStatementResult result;
	CtScript   *script = ct_script_parse("unit", "SELECT pg_sleep(60)", symbols, false);
	CtStatement *statement = session->prepare(session, &script->commands[0].statements[0], symbols);

	unit_ok(session->pid(session) == MyProcPid, "whose backend it is");
	session->start(session, statement, vars, false, NULL, NULL);
	session->cancel(session);
	result = session->finish(session);
	unit_is(result.error ? unpack_sql_state(result.error->sqlerrcode) : NULL, "57014",
			"what is under way is cancelled");
	unit_is(queried("SELECT 'on'"), "on", "and nothing else");

	(void) executed("BEGIN");
	session->start(session, statement, vars, false, NULL, NULL);
	session->rollback(session);
	unit_ok(!session->in_transaction(session), "what is rolled back isn't under way");
	unit_is(queried("SELECT 'on'"), "on", "and another one may be");
}

/* Warming up has no effect, and nobody hears of it. */
static void
test_warm_up(void)
{
	CtScript   *script = ct_script_parse("unit", "INSERT INTO t VALUES (9)", symbols, false);
	CtScript   *wrong = ct_script_parse("unit", "INSERT INTO nowhere VALUES (9)", symbols, false);

	session->observer = &listener.observer;
	resetStringInfo(&listener.heard);
	session->warm_up(session, session->prepare(session, &script->commands[0].statements[0], symbols),
					 vars);
	session->warm_up(session, session->prepare(session, &wrong->commands[0].statements[0], symbols),
					 vars);
	unit_is(listener.heard.data, "", "nobody hears of a warm-up");
	session->observer = NULL;
	unit_is(queried("SELECT count(*) FROM t WHERE i = 9"), "0", "which has no effect");
}

/* Two take turns in a process: each has its own statements, and its own listener. */
static void
test_two(void)
{
	CtSession  *first = session;
	CtSession  *second = ct_session_in_process();

	first->observer = &listener.observer;
	session = second;
	(void) executed("SELECT 1");
	unit_is(listener.heard.data, "", "one's listener doesn't hear of the other");
	unit_ok(second->rows == 1, "nor are its rows counted there");
	second->close(second);
	session = first;
	(void) executed("SELECT 1");
	unit_is(listener.heard.data, "( before committed )", "which goes on without it");
	session->observer = NULL;
}

static void
test_errors(void)
{
	CtStatementResult first;
	const char *message;

	session->observer = &listener.observer;
	first = execute("SELECT 1/0");
	unit_ok(first.error != NULL && first.event == CT_TRANSACTION_ROLLED_BACK,
			"an error is returned");
	unit_is(listener.heard.data, "( rolled back )", "the transaction's end is heard");
	message = first.error ? first.error->message : NULL;
	unit_ok(executed("SELECT 1") == CT_TRANSACTION_COMMITTED, "the session goes on");
	unit_is(message, "division by zero", "the error outlives that");

	(void) executed("BEGIN");
	unit_is(failed("SELECT nothing"), "42703", "an error within a block");
	unit_is(listener.heard.data, "( rolled back )", "ends the block");
	session->observer = NULL;
}

void
unit_session(void)
{
	session = ct_session_in_process();
	symbols = ct_symbols_create();
	vars = ct_variables_create(symbols);
	initStringInfo(&listener.heard);

	test_settings();
	test_events();
	test_errors();
	test_commits();
	test_waits();
	test_cancel();
	test_warm_up();
	test_two();
	session->close(session);
}
