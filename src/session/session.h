/*
 * session.h
 *		What a script's statements are executed on.
 *
 * A session is an interface: whoever runs a script (a worker's client), sets up
 * a sandbox or asks a check (the leader) sees only this.  The in-process
 * implementation executes in the background worker itself; a client
 * connection is the other one that the interface is cut for.  Nobody outside
 * of an implementation assumes that a session is the process that it runs in.
 *
 * Transactions follow the rules of a client session: a statement outside a
 * block is its own transaction, BEGIN opens a block.  But an error ends the
 * block, too: there is no transaction then.
 *
 * A session has one thing under way at most: a statement, or its opening.  It
 * is begun (open, start), may take its time (ready), and is brought to its end
 * by finish, which executes what can't be executed by somebody else meanwhile.
 * README.md has the states.
 */
#ifndef CT_SESSION_H
#define CT_SESSION_H

#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "src/script/script.h"

typedef struct CtSession CtSession;
typedef struct CtStatement CtStatement;

/* a setting of the server's, as of SET */
typedef struct CtSetting
{
	const char *name;
	const char *value;
} CtSetting;

/* what a statement did to the transaction */
typedef enum CtTransactionEvent
{
	CT_TRANSACTION_BEGAN,		/* this statement opened a block */
	CT_TRANSACTION_OPEN,		/* in a block, as before */
	CT_TRANSACTION_COMMITTED,	/* the block, or the statement's own transaction */
	CT_TRANSACTION_ROLLED_BACK
} CtTransactionEvent;

/* what a session waits for that isn't ready: whichever comes first */
typedef struct CtWait
{
	pgsocket	socket;			/* PGINVALID_SOCKET: none */
	int			events;			/* WL_SOCKET_... */
	uint64		deadline_ns;	/* of ct_now_ns(): look again then; 0: none */
} CtWait;

/* how it ended */
typedef struct CtStatementResult
{
	CtTransactionEvent event;
	ErrorData  *error;			/* what it raised, or NULL */
} CtStatementResult;

/*
 * Takes one row of a result: names, types and values as text (NULL for null),
 * ncolumns of each, valid during the call.  Returns false if of further rows it
 * wants to know no more than that they are there: then values is NULL.  What it
 * raises is the statement's error.
 */
typedef bool (*CtRowTaker) (void *arg, int ncolumns, const char *const *names,
							const Oid *types, const char *const *values);

/*
 * Who wants to know what happens in a session.  Each call may be NULL, which
 * costs nothing.  All are made from within finish or rollback.
 */
typedef struct CtObserver CtObserver;

struct CtObserver
{
	/*
	 * A statement is about to be executed; or has been, or has failed.  What is
	 * raised at its beginning is its error; nothing may be raised at its end.
	 */
	void		(*statement) (CtObserver *self, bool begin);

	/*
	 * A transaction is about to be committed, with all of its statements
	 * executed: a block, a statement's own, or one that a procedure commits.
	 * May wait; what is raised ends it.
	 */
	void		(*before_commit) (CtObserver *self);

	/*
	 * A transaction has ended: COMMITTED or ROLLED_BACK.  xid: invalid where
	 * it has none, or that isn't known; snapshot: that of all its statements,
	 * NULL where each has its own; valid during the call.  Its locks may still
	 * be held: must not raise, wait, or ask the database.
	 */
	void		(*ended) (CtObserver *self, CtTransactionEvent event, TransactionId xid,
						  Snapshot snapshot);

	/*
	 * The statement that ends has slept on a heavyweight lock, for the last
	 * time from then on, as PGPROC.waitStart has it.  Must not raise.
	 */
	void		(*waited) (CtObserver *self, TimestampTz since);
};

struct CtSession
{
	/*
	 * Begins to connect, with these settings, which RESET comes back to; of a
	 * session that is open, sets them again, over what was SET since.  They must
	 * last until finish.
	 */
	void		(*open) (CtSession *session, const CtSetting *settings, int nsettings);

	/* Ends it, whatever it is at; it and its statements are freed. */
	void		(*close) (CtSession *session);

	/*
	 * Has what is under way, if anything is, end in an error soon.  May be
	 * called by a signal handler.
	 */
	void		(*cancel) (CtSession *session);

	int			(*pid) (CtSession *session);	/* of the backend that executes; 0 if there is none */

	/*
	 * Makes a statement of one SQL command; the session's memory holds it.
	 * Does nothing yet that can fail: preparation happens at the first
	 * execution, when the variables are known.
	 */
	CtStatement *(*prepare) (CtSession *session, const CtSql *sql, const CtSymbols *symbols);

	/*
	 * Does ahead of time what can be done of an execution with such values
	 * without having any effect: finds out what the statement is, plans it,
	 * fills caches.  Raises nothing: what fails will fail when it is executed.
	 */
	void		(*warm_up) (CtSession *session, CtStatement *statement, const CtVariables *vars);

	/*
	 * Begins to execute.  With a taker, every row goes to it as text; without,
	 * rows are thrown away unformatted.  more: further statements follow in the
	 * same implicit transaction ("\;").  The arguments must last, and the
	 * variables not change, until finish.
	 */
	void		(*start) (CtSession *session, CtStatement *statement, const CtVariables *vars,
						  bool more, CtRowTaker taker, void *taker_arg);

	/* May what is under way be finished?  If not, says what to wait for. */
	bool		(*ready) (CtSession *session, CtWait *wait);

	/*
	 * Brings what is under way to its end; only once it is ready.  What it
	 * raised is returned, in the current memory context, which must not be a
	 * transaction's; the session is back to no transaction then.
	 */
	CtStatementResult (*finish) (CtSession *session);

	bool		(*in_transaction) (CtSession *session); /* in a block? */

	/*
	 * After an error that isn't the session's: what is under way is given up,
	 * and it is back to no transaction at all.  What takes time of it belongs to
	 * the next statement.
	 */
	void		(*rollback) (CtSession *session);

	/*
	 * Back to as it was when it was opened: settings, role, prepared statements,
	 * cursors, advisory locks, temporary tables, sequences' last values.  Plans are
	 * kept; forget: they, too, are made anew where names now mean something else.
	 * Raises what goes wrong; with nothing under way and no transaction.
	 */
	void		(*renew) (CtSession *session, bool forget);

	/*
	 * Nothing will be executed for a while; or, for good, until it is closed:
	 * does what a backend does that waits for its client.
	 */
	void		(*idle) (CtSession *session, bool for_good);

	uint64		rows;			/* that statements have returned or changed so far */

	/*
	 * Does what is under way, or what is started now, give up by itself where
	 * it sleeps on a lock (lock_timeout, statement_timeout)?
	 */
	bool		gives_up;

	CtObserver *observer;		/* or NULL; to be set while nothing is under way */
};

/*
 * Sleeps until one of those that wait may be ready, or until a point in time
 * (PG_UINT64_MAX: none), or the process's latch is set; raises what interrupts
 * raise.
 */
extern void ct_session_sleep(const CtWait *waits, int n, uint64 until_ns);

/* Waits until what is under way is ready; raises what interrupts raise. */
extern void ct_session_await(CtSession *session);

/*
 * All at once, and raises the error: for who has one session, and nothing else
 * to do meanwhile.
 */
extern void ct_session_open(CtSession *session, const CtSetting *settings, int nsettings);
extern CtTransactionEvent ct_session_execute(CtSession *session, CtStatement *statement,
											 const CtVariables *vars, bool more,
											 CtRowTaker taker, void *taker_arg);

/*
 * The in-process session.  A process has one transaction, so where there are
 * several, they take turns between transactions, and find what the others have
 * left: settings, temporary tables, advisory locks.  Its memory is below the
 * current context.
 */
extern CtSession *ct_session_in_process(void);

#endif							/* CT_SESSION_H */
