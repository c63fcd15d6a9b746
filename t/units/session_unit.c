/*
 * session_unit.c
 *		The in-process session: what it returns, and what it tells its observer.
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
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
	session->close(session);
}
