/*
 * explorer.h
 *		An explorer of interleavings over plain client connections: the truth
 *		that ct_explore is held against.
 *
 * It shares nothing with the extension: clients instead of workers, a schema
 * made anew instead of pages copied back, every interleaving from its very
 * beginning.  Slow, and simple enough to be believed.
 *
 * Wording.  A step is one statement; a BEGIN belongs to the statement after it.
 * A session is blocked when its statement sleeps on a lock and its deadlock
 * check is made, which the server tells it (log_lock_waits).  Blocked sessions
 * are stopped (SIGSTOP), so that those which one step releases go on one after
 * the other, the lowest first, and so that runs are the same each time.
 */
#ifndef EXPLORER_H
#define EXPLORER_H

#include "libpq-fe.h"

/* the server's own are in a library that we do without */
#undef printf
#undef fprintf
#undef vfprintf
#undef snprintf
#undef vsnprintf

#define MAX_SESSIONS	8
#define MAX_STEPS		64
#define MAX_CHECKS		8

/* ---- text.c ---- */

typedef struct Text
{
	char	   *data;
	size_t		len;
	size_t		size;
} Text;

extern void *allocate(size_t size);
extern void text_add(Text *text, const char *format,...) __attribute__((format(printf, 2, 3)));
extern void text_reset(Text *text);
extern uint64_t text_hash(const char *data, size_t len);
extern void fatal(const char *format,...) __attribute__((noreturn, format(printf, 1, 2)));

/* ---- program.c ---- */

typedef struct Step
{
	char	   *sql[2];			/* BEGIN and a statement, or one alone */
	int			n;
} Step;

typedef struct Program
{
	char	   *setup;
	int			nsessions;
	int			nsteps[MAX_SESSIONS];
	Step		steps[MAX_SESSIONS][MAX_STEPS];
	int			nchecks;
	char	   *checks[MAX_CHECKS];
	bool		functions;		/* its setup makes some, so that a SELECT may write */
} Program;

/* Reads a file; ends the process if it can't be. */
extern Program *program_read(const char *file);
extern void program_free(Program *program);

/* ---- session.c ---- */

typedef enum State
{
	IDLE,						/* before its next step */
	RUNNING,
	BLOCKED,
	ENDED
} State;

typedef struct Session
{
	PGconn	   *conn;
	int			pid;
	State		state;
	int			next;			/* step */
	int			sub;			/* statement of the step under way */
	bool		rolling_back;	/* an error ended it, and its ROLLBACK is under way */
	bool		checked;		/* the server says that it still waits */
	bool		stopped;		/* by SIGSTOP */
	int			last_commit;	/* ends with its commit of this number; 0: with its steps */

	/* of this execution */
	int			commits;		/* of transactions that wrote */
	bool		wrote;			/* in what it has committed */
	bool		writes;			/* in the transaction under way */
	char		sqlstate[6];	/* of the error that ended it; "" */
	Text		seen;			/* all that its statements returned */
} Session;

extern Session sessions[MAX_SESSIONS];
extern PGconn *monitor;

/* Executes SQL on the monitor's connection; ends the process at an error. */
extern PGresult *monitor_query(const char *sql);

/* Connects what a program needs; sessions that are there stay. */
extern void sessions_connect(const char *conninfo, int n);

/* They are as if just connected, and the schema as after the program's setup. */
extern void sessions_reset(const Program *program);

/* Stopped ones go on: before the process ends, by whatever. */
extern void sessions_continue(void);

/*
 * Makes a session's next step, and lets those go on that it releases, until each
 * is idle, blocked or has ended.
 */
extern void session_step(const Program *program, int k);

/* begins anew, at the end of an execution */
extern void session_again(int k);

#endif							/* EXPLORER_H */
