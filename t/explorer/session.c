/*
 * session.c
 *		Sessions that make one step at a time, each over a connection of its own.
 */
#include "postgres_fe.h"

#include <signal.h>
#include <sys/select.h>
#include <time.h>

#include "explorer.h"

/* a step that takes longer is a fault of the explorer's */
#define PATIENCE_S	60

Session		sessions[MAX_SESSIONS];
PGconn	   *monitor;

static int	nsessions;			/* of the program */
static int	nconnected;

/* the server's words on a wait; LOG because of log_lock_waits */
static void
session_notice(void *arg, const PGresult *result)
{
	Session    *s = arg;
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (severity == NULL || message == NULL || strcmp(severity, "LOG") != 0)
		return;
	if (strstr(message, " still waiting for "))
		s->checked = true;
	else if (strstr(message, " acquired ") || strstr(message, " detected deadlock "))
		s->checked = false;
}

static void
monitor_notice(void *arg, const PGresult *result)
{
}

PGresult *
monitor_query(const char *sql)
{
	PGresult   *result = PQexec(monitor, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
		fatal("%s\n%s", PQerrorMessage(monitor), sql);
	return result;
}

static void
monitor_do(const char *sql)
{
	PQclear(monitor_query(sql));
}

static bool
monitor_ask(const char *sql)
{
	PGresult   *result = monitor_query(sql);
	bool		yes = PQntuples(result) > 0 && PQgetvalue(result, 0, 0)[0] == 't';

	PQclear(result);
	return yes;
}

static PGconn *
connect_with(const char *conninfo, const char *options)
{
	Text		info = {0};
	PGconn	   *conn;

	text_add(&info, "%s options='-csearch_path=truth,public -clc_messages=C %s'", conninfo, options);
	conn = PQconnectdb(info.data);
	free(info.data);
	if (PQstatus(conn) != CONNECTION_OK)
		fatal("%s", PQerrorMessage(conn));
	return conn;
}

void
sessions_connect(const char *conninfo, int n)
{
	if (monitor == NULL)
	{
		monitor = connect_with(conninfo, "-csynchronous_commit=off");
		PQsetNoticeReceiver(monitor, monitor_notice, NULL);
	}
	nsessions = n;
	for (; nconnected < n; nconnected++)
	{
		Session    *s = &sessions[nconnected];

		s->conn = connect_with(conninfo, "-csynchronous_commit=off -cdeadlock_timeout=1 "
							   "-clog_lock_waits=on -cclient_min_messages=log -clog_min_messages=fatal");
		s->pid = PQbackendPID(s->conn);
		PQsetNoticeReceiver(s->conn, session_notice, s);
	}
}

static void
session_stop(Session *s)
{
	if (!s->stopped && kill(s->pid, SIGSTOP) == 0)
		s->stopped = true;
}

static void
session_continue(Session *s)
{
	if (s->stopped)
		kill(s->pid, SIGCONT);
	s->stopped = false;
}

void
sessions_continue(void)
{
	for (int k = 0; k < nconnected; k++)
		session_continue(&sessions[k]);
}

/* Executes on a session's connection what nothing can block. */
static void
session_do(Session *s, const char *sql)
{
	PGresult   *result = PQexec(s->conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fatal("%s\n%s", PQerrorMessage(s->conn), sql);
	PQclear(result);
}

static void
session_begin(Session *s)
{
	s->state = IDLE;
	s->next = 0;
	s->sub = 0;
	s->rolling_back = false;
	s->checked = false;
	s->commits = 0;
	s->wrote = false;
	s->writes = false;
	s->last_commit = 0;
	s->sqlstate[0] = '\0';
	text_reset(&s->seen);
}

/* Lets go of whatever an execution has left behind. */
static void
sessions_clean(void)
{
	sessions_continue();
	for (int k = 0; k < nsessions; k++)
	{
		PGcancel   *cancel = PQgetCancel(sessions[k].conn);
		char		error[256];
		PGresult   *result;

		if (sessions[k].state == BLOCKED)
			PQcancel(cancel, error, sizeof(error));
		PQfreeCancel(cancel);
		while ((result = PQgetResult(sessions[k].conn)) != NULL)
			PQclear(result);
		if (PQtransactionStatus(sessions[k].conn) != PQTRANS_IDLE)
			session_do(&sessions[k], "ROLLBACK");
		sessions[k].state = IDLE;
	}
	for (int k = 0; k < nsessions; k++)
		session_do(&sessions[k], "DISCARD ALL");
}

void
sessions_reset(const Program *program)
{
	PGresult   *result;

	sessions_clean();
	result = monitor_query("SELECT 'ROLLBACK PREPARED ' || quote_literal(gid) FROM pg_prepared_xacts");
	for (int i = 0; i < PQntuples(result); i++)
		monitor_do(PQgetvalue(result, i, 0));
	PQclear(result);
	monitor_do("DROP SCHEMA IF EXISTS truth CASCADE; CREATE SCHEMA truth");
	monitor_do(program->setup);
	for (int k = 0; k < nsessions; k++)
		session_begin(&sessions[k]);
}

void
session_again(int k)
{
	session_continue(&sessions[k]);
	if (PQtransactionStatus(sessions[k].conn) != PQTRANS_IDLE)
		session_do(&sessions[k], "ROLLBACK");
	session_do(&sessions[k], "DISCARD ALL");
	session_begin(&sessions[k]);
}

/* ---- what a statement did ---- */

static bool
tag_is(const char *tag, const char *what)
{
	return strncmp(tag, what, strlen(what)) == 0;
}

/* Has the transaction of this session, or the one that it has just ended, an xid? */
static bool
session_has_xid(Session *s)
{
	static long long last_xid;
	Text		sql = {0};
	PGresult   *result;
	long long	xid;
	bool		yes;

	text_add(&sql, "SELECT pg_snapshot_xmax(pg_current_snapshot()), "
			 "EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid' AND pid = %d AND granted AND mode = 'ExclusiveLock')", s->pid);
	result = monitor_query(sql.data);
	xid = atoll(PQgetvalue(result, 0, 0));
	yes = PQgetvalue(result, 0, 1)[0] == 't' ||
		(PQtransactionStatus(s->conn) == PQTRANS_IDLE && xid > last_xid);
	last_xid = xid;
	PQclear(result);
	free(sql.data);
	return yes;
}

static void
session_note(const Program *program, Session *s, const char *sql, PGresult *result)
{
	const char *tag = PQcmdStatus(result);

	text_add(&s->seen, "%s\n", tag);
	for (int i = 0; i < PQntuples(result); i++)
		for (int j = 0; j < PQnfields(result); j++)
			text_add(&s->seen, "%s%c", PQgetisnull(result, i, j) ? "\\N" : PQgetvalue(result, i, j),
					 j + 1 < PQnfields(result) ? '|' : '\n');

	if (tag_is(tag, "INSERT") || tag_is(tag, "UPDATE") || tag_is(tag, "DELETE") || tag_is(tag, "MERGE"))
	{
		if (atoll(PQcmdTuples(result)) > 0)
			s->writes = true;
	}
	else if (tag_is(tag, "TRUNCATE"))
		s->writes = true;
	else if (tag_is(tag, "ROLLBACK") && PQtransactionStatus(s->conn) == PQTRANS_IDLE)
		s->writes = false;
	if (strncasecmp(sql, "WITH", 4) == 0 ||
		(program->functions && (tag_is(tag, "SELECT") || tag_is(tag, "CALL"))) || tag_is(tag, "DO"))
	{
		if (session_has_xid(s))
			s->writes = true;
	}
	if (PQtransactionStatus(s->conn) == PQTRANS_IDLE && s->writes)
	{
		s->commits++;
		s->wrote = true;
		s->writes = false;
	}
}

/* ---- steps ---- */

static void
session_send(Session *s, const char *sql)
{
	s->checked = false;
	if (!PQsendQuery(s->conn, sql))
		fatal("%s", PQerrorMessage(s->conn));
}

/* The statement under way is done: what comes next? */
static void
session_advance(const Program *program, int k, bool failed)
{
	Session    *s = &sessions[k];
	const Step *step = &program->steps[k][s->next];

	if (failed && PQtransactionStatus(s->conn) != PQTRANS_IDLE)
	{
		s->rolling_back = true;
		session_send(s, "ROLLBACK");
	}
	else if (failed || s->rolling_back)
		s->state = ENDED;
	else if (s->last_commit > 0 && s->commits >= s->last_commit)
	{
		s->state = ENDED;
	}
	else if (++s->sub < step->n)
		session_send(s, step->sql[s->sub]);
	else
	{
		s->sub = 0;
		s->next++;
		s->state = s->next < program->nsteps[k] ? IDLE : ENDED;
	}
}

/* Reads what has come of a running session. */
static void
session_poll(const Program *program, int k)
{
	Session    *s = &sessions[k];

	if (!PQconsumeInput(s->conn))
		fatal("%s", PQerrorMessage(s->conn));
	while (s->state == RUNNING && !PQisBusy(s->conn))
	{
		PGresult   *result = PQgetResult(s->conn);
		PGresult   *more;
		bool		failed;

		if (result == NULL)
			fatal("no result of a statement");
		/* the transaction's status is known once there is nothing more */
		while ((more = PQgetResult(s->conn)) != NULL)
			PQclear(more);
		failed = PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK;
		if (failed)
		{
			const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

			snprintf(s->sqlstate, sizeof(s->sqlstate), "%s", sqlstate ? sqlstate : "?????");
			text_add(&s->seen, "%s\n", s->sqlstate);
		}
		else if (!s->rolling_back)
			session_note(program, s, program->steps[k][s->next].sql[s->sub], result);
		PQclear(result);
		session_advance(program, k, failed);
	}
}

/* Does the server say so, too?  A lock that is granted is waited for no more. */
static bool
session_is_blocked(const Session *s)
{
	char		sql[200];

	snprintf(sql, sizeof(sql), "SELECT pg_blocking_pids(%d) <> '{}' OR pg_safe_snapshot_blocking_pids(%d) <> '{}'", s->pid, s->pid);
	return monitor_ask(sql);
}

/* Until a running session is idle, has ended, or is blocked, and then it stands. */
static void
session_settle(const Program *program, int k)
{
	Session    *s = &sessions[k];
	time_t		begun = time(NULL);

	for (;;)
	{
		int			fd = PQsocket(s->conn);
		struct timeval pause = {0, 5000};
		fd_set		set;
		int			ready;

		session_poll(program, k);
		if (s->state != RUNNING)
			return;
		if (s->checked && session_is_blocked(s))
		{
			session_poll(program, k);
			if (s->state == RUNNING && s->checked)
			{
				s->state = BLOCKED;
				session_stop(s);
				return;
			}
			continue;
		}
		FD_ZERO(&set);
		FD_SET(fd, &set);
		ready = select(fd + 1, &set, NULL, NULL, &pause);
		if (ready == 0 && !s->checked)
		{
			char		sql[100];

			/* waiting for a safe snapshot isn't a lock's matter */
			snprintf(sql, sizeof(sql), "SELECT pg_safe_snapshot_blocking_pids(%d) <> '{}'", s->pid);
			if (monitor_ask(sql))
				s->checked = true;
		}
		if (time(NULL) - begun > PATIENCE_S)
			fatal("session %d is neither done nor blocked after %d s: %s", k + 1, PATIENCE_S,
				  program->steps[k][s->next].sql[s->sub]);
	}
}

void
session_step(const Program *program, int k)
{
	Session    *s = &sessions[k];

	s->state = RUNNING;
	s->sub = 0;
	session_send(s, program->steps[k][s->next].sql[0]);
	session_settle(program, k);

	for (k = 0; k < nsessions;)
	{
		s = &sessions[k];
		if (s->state == BLOCKED && !session_is_blocked(s))
		{
			s->state = RUNNING;
			s->checked = false;
			session_continue(s);
			session_settle(program, k);
			k = 0;
		}
		else
			k++;
	}
}
