/*
 * conductor.c
 *		Runs an isolationtester spec: the side of the caller.
 *
 * The caller's backend does what the program isolationtester does: it sends
 * each session its steps, in the order of a permutation, goes on when the step
 * has completed or is seen to be blocked, and prints.  When that is, and in
 * which order completions are reported, is exactly isolationtester's, since its
 * output is compared as text: src/test/isolation/README of the server says it.
 *
 * Wording: a step is *attended to* when the conductor looks whether it has
 * completed, and waits for that as long as it isn't blocked; what is attended
 * to again has been reported as waiting.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "bgworker/spec/cast.h"
#include "bgworker/spec/conductor.h"
#include "src/base/clock.h"
#include "src/base/pause.h"
#include "src/base/settings.h"

/* a step is asked whether it is blocked when it has said nothing for so long */
#define LOOK_MS			10
/* who is sent a step first begins first, as a rule, although we don't wait for it */
#define START_MS		1

typedef struct SpecConductor
{
	CtSpec	   *spec;
	CtSpecPut	put;
	void	   *put_context;
	StringInfoData line;		/* what was printed, up to the last end of a line */
	CtSpecCast	cast;
	bool		new_notices;
	List	   *waiting;		/* of CtSpecEntry, in the order in which they were sent */
} SpecConductor;

/* ---- printing ---- */

static void
conductor_put_lines(SpecConductor *c)
{
	char	   *at = c->line.data;
	char	   *end;

	while ((end = strchr(at, '\n')) != NULL)
	{
		c->put(c->put_context, at, end - at);
		at = end + 1;
	}
	c->line.len -= at - c->line.data;
	memmove(c->line.data, at, c->line.len + 1);
}

static void
conductor_say(SpecConductor *c, const char *format,...) pg_attribute_printf(2, 3);

static void
conductor_say(SpecConductor *c, const char *format,...)
{
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&c->line, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&c->line, needed);
	}
	conductor_put_lines(c);
}

static void
conductor_notice(CtSpecWire *wire, const CtSpecMessage *notice)
{
	SpecConductor *c = wire->owner;
	CtSpecPlayer *session = (CtSpecPlayer *) wire;

	if (session->spec == NULL)
		return;
	session->notices++;
	c->new_notices = true;
	appendStringInfo(&c->line, "%s: ", wire->name);
	ct_spec_print_message(&c->line, notice, wire->sql, false);
	conductor_put_lines(c);
}

static void
conductor_print_result(SpecConductor *c, const CtSpecResult *result)
{
	switch (result->kind)
	{
		case CT_SPEC_COMMAND:
			break;
		case CT_SPEC_ROWS:
			ct_spec_print_rows(&c->line, &result->rows);
			break;
		case CT_SPEC_ERROR:
			/* the rest may hold what differs from one time to the next */
			appendStringInfo(&c->line, "%s:  %s\n", result->error.severity, result->error.primary);
			break;
		case CT_SPEC_LOST:
			appendStringInfoString(&c->line,
								   "server closed the connection unexpectedly\n"
								   "\tThis probably means the server terminated abnormally\n"
								   "\tbefore or while processing the request.\n\n");
			break;
	}
	conductor_put_lines(c);
}

/* ---- steps ---- */

static CtSpecPlayer *
conductor_session(SpecConductor *c, const CtSpecEntry *entry)
{
	return &c->cast.players[entry->step->session];
}

/* Do its markers keep the step from being reported as completed? */
static bool
conductor_is_held(SpecConductor *c, const CtSpecEntry *entry)
{
	ListCell   *lc;

	foreach(lc, entry->markers)
	{
		const CtSpecMarker *marker = lfirst(lc);
		CtSpecPlayer *other;

		if (marker->kind == CT_SPEC_AT_ONCE)
			continue;
		other = &c->cast.players[marker->step->session];
		if (marker->kind == CT_SPEC_STEP ?
			other->active != NULL && other->active->step == marker->step :
			other->notices < marker->until)
			return true;
	}
	return false;
}

static bool
conductor_waits_at_once(const CtSpecEntry *entry)
{
	ListCell   *lc;

	foreach(lc, entry->markers)
	{
		if (((const CtSpecMarker *) lfirst(lc))->kind == CT_SPEC_AT_ONCE)
			return true;
	}
	return false;
}

static void
conductor_say_waiting(SpecConductor *c, const CtSpecEntry *entry)
{
	conductor_say(c, "step %s: %s <waiting ...>\n", entry->name, entry->step->sql);
}

static void
conductor_give_up(const CtSpecEntry *entry, uint64 waited)
{
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("step %s timed out after %d seconds", entry->name, (int) (waited / CT_NS_PER_S)),
			 errhint("Its permutation may ask a session for a step while it is blocked; ct_ext.spec_step_timeout is the time after which a step is cancelled.")));
}

/*
 * Waits until the step's session has answered; or, if it may be, until it is
 * blocked, and returns false then.
 */
static bool
conductor_await_step(SpecConductor *c, const CtSpecEntry *entry, bool may_be_blocked)
{
	CtSpecPlayer *session = conductor_session(c, entry);
	uint64		start = ct_now_ns();
	uint64		next_look = start + LOOK_MS * CT_NS_PER_MS;
	uint64		limit = ct_spec_step_timeout * CT_NS_PER_S;
	bool		cancelled = false;

	(void) ct_spec_cast_take(&c->cast, session);
	ct_spec_wire_look(&session->wire);
	while (session->wire.busy)
	{
		uint64		now = ct_now_ns();

		if (now < next_look)
		{
			if (ct_spec_cast_wait(&c->cast, session, (next_look - now) / CT_NS_PER_MS + 1))
				next_look = ct_now_ns() + LOOK_MS * CT_NS_PER_MS;
			ct_spec_wire_look(&session->wire);
			continue;
		}
		next_look = now + LOOK_MS * CT_NS_PER_MS;

		if (may_be_blocked && ct_spec_cast_is_blocked(&c->cast, session))
		{
			/* what it said before that comes first */
			(void) ct_spec_cast_take(&c->cast, session);
			ct_spec_wire_look(&session->wire);
			return !session->wire.busy;
		}
		if (now - start > limit && !cancelled)
		{
			conductor_say(c, "isolationtester: canceling step %s after %d seconds\n",
						  entry->name, (int) ((now - start) / CT_NS_PER_S));
			cancelled = true;
			if (GetBackgroundWorkerPid(session->wire.handle, &session->pid) == BGWH_STARTED)
				(void) kill(session->pid, SIGINT);
		}
		if (now - start > 2 * limit)
			conductor_give_up(entry, now - start);
	}
	return true;
}

/* What the step's session was told by NOTIFY, in the meantime too. */
static void
conductor_print_notifications(SpecConductor *c, CtSpecPlayer *session)
{
	CtSpecNotification notification;

	while (ct_spec_wire_notification(&session->wire, &notification))
	{
		const char *sender = psprintf("PID %d", notification.pid);
		int			i;

		for (i = 0; i < c->cast.nsessions; i++)
		{
			if (c->cast.players[i].pid == notification.pid)
				sender = c->cast.players[i].wire.name;
		}
		conductor_say(c, "%s: NOTIFY \"%s\" with payload \"%s\" from %s\n",
					  session->wire.name, notification.channel, notification.payload, sender);
	}
}

/*
 * Attends to a step that was sent.  Returns whether it was reported as
 * completed; else it is, or has been, reported as waiting.
 */
static bool
conductor_attend(SpecConductor *c, CtSpecEntry *entry, bool again, bool may_be_blocked)
{
	CtSpecPlayer *session = conductor_session(c, entry);
	const CtSpecResult *result;

	if (!again && conductor_waits_at_once(entry))
	{
		ct_pause_ns(START_MS * CT_NS_PER_MS);
		conductor_say_waiting(c, entry);
		return false;
	}
	if (!conductor_await_step(c, entry, may_be_blocked) || conductor_is_held(c, entry))
	{
		if (!again)
			conductor_say_waiting(c, entry);
		return false;
	}

	if (again)
		conductor_say(c, "step %s: <... completed>\n", entry->name);
	else
		conductor_say(c, "step %s: %s\n", entry->name, entry->step->sql);
	while ((result = ct_spec_wire_result(&session->wire)) != NULL)
		conductor_print_result(c, result);
	conductor_print_notifications(c, session);
	session->active = NULL;
	return true;
}

/*
 * Attends to all that wait.  If one is left whose markers may have been
 * satisfied by what came after it, again, so that it doesn't depend on their
 * order.
 */
static void
conductor_attend_to_waiting(SpecConductor *c, bool may_be_blocked)
{
	bool		marked;
	bool		completed;

	do
	{
		ListCell   *lc;

		marked = completed = c->new_notices = false;
		foreach(lc, c->waiting)
		{
			CtSpecEntry *entry = lfirst(lc);

			if (conductor_attend(c, entry, true, may_be_blocked))
			{
				c->waiting = foreach_delete_current(c->waiting, lc);
				completed = true;
			}
			else if (entry->markers != NIL)
				marked = true;
		}
	} while (marked && (completed || c->new_notices));
}

/* Waits until the session, which has a step under way, can be sent the next one. */
static void
conductor_await_session(SpecConductor *c, CtSpecPlayer *session)
{
	uint64		start = ct_now_ns();

	while (session->active != NULL)
	{
		CtSpecEntry *entry = session->active;

		if (conductor_attend(c, entry, true, false))
			c->waiting = list_delete_ptr(c->waiting, entry);
		conductor_attend_to_waiting(c, true);

		/* where markers hold it back for ever */
		if (session->active != NULL && ct_now_ns() - start > 2 * ct_spec_step_timeout * CT_NS_PER_S)
			conductor_give_up(entry, ct_now_ns() - start);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
conductor_run_step(SpecConductor *c, CtSpecEntry *entry)
{
	CtSpecPlayer *session = conductor_session(c, entry);
	bool		completed;
	ListCell   *lc;

	conductor_await_session(c, session);
	if (!ct_spec_wire_send(&session->wire, entry->step->sql))
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_DOES_NOT_EXIST),
				 errmsg("step %s cannot be executed: its session \"%s\" is gone", entry->name, session->wire.name),
				 errdetail("A session lasts from the first permutation to the last one, unless it is terminated.")));
	session->active = entry;
	foreach(lc, entry->markers)
	{
		CtSpecMarker *marker = lfirst(lc);

		if (marker->kind == CT_SPEC_NOTICES)
			marker->until = c->cast.players[marker->step->session].notices + marker->notices;
	}

	completed = conductor_attend(c, entry, false, true);
	conductor_attend_to_waiting(c, true);
	if (!completed)
		c->waiting = lappend(c->waiting, entry);
}

/* ---- permutations ---- */

static void
conductor_setup(SpecConductor *c, CtSpecPlayer *session, const char *sql)
{
	CtSpecResult result = ct_spec_cast_execute(&c->cast, session, sql);

	if (result.kind == CT_SPEC_ERROR || result.kind == CT_SPEC_LOST)
		ct_spec_raise(&result, session->spec == NULL ? "setup failed" :
					  psprintf("setup of session %s failed", session->wire.name));
	conductor_print_result(c, &result);
}

/* What fails here is told, and the next permutation is run all the same. */
static void
conductor_teardown(SpecConductor *c, CtSpecPlayer *session, const char *sql)
{
	CtSpecResult result = ct_spec_cast_execute(&c->cast, session, sql);

	if (result.kind != CT_SPEC_ERROR && result.kind != CT_SPEC_LOST)
	{
		conductor_print_result(c, &result);
		return;
	}
	if (session->spec == NULL)
		conductor_say(c, "teardown failed: ");
	else
		conductor_say(c, "teardown of session %s failed: ", session->wire.name);
	if (result.kind == CT_SPEC_LOST)
		appendStringInfoString(&c->line, "no connection to the server\n");
	else
		ct_spec_print_message(&c->line, &result.error, sql, true);
	conductor_put_lines(c);
}

/* What is raised says in which one. */
static void
conductor_error_context(void *arg)
{
	const List *permutation = arg;
	StringInfoData names;
	const ListCell *lc;

	initStringInfo(&names);
	foreach(lc, permutation)
		appendStringInfo(&names, " %s", ((const CtSpecEntry *) lfirst(lc))->name);
	errcontext("permutation%s", names.data);
}

static void
conductor_run_permutation(SpecConductor *c, List *permutation)
{
	CtSpecPlayer *control = &c->cast.players[c->cast.nsessions];
	ErrorContextCallback callback;
	ListCell   *lc;
	int			i;

	callback.callback = conductor_error_context;
	callback.arg = permutation;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	conductor_say(c, "\nstarting permutation:");
	foreach(lc, permutation)
		conductor_say(c, " %s", ((CtSpecEntry *) lfirst(lc))->name);
	conductor_say(c, "\n");

	foreach(lc, c->spec->setups)
		conductor_setup(c, control, lfirst(lc));
	for (i = 0; i < c->cast.nsessions; i++)
	{
		if (c->cast.players[i].spec->setup != NULL)
			conductor_setup(c, &c->cast.players[i], c->cast.players[i].spec->setup);
	}

	foreach(lc, permutation)
		conductor_run_step(c, lfirst(lc));
	conductor_attend_to_waiting(c, false);
	if (c->waiting != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("failed to complete permutation due to mutually-blocking steps"),
				 errdetail("Each of the steps that are left waits, by its markers, for another one of them.")));

	for (i = 0; i < c->cast.nsessions; i++)
	{
		if (c->cast.players[i].spec->teardown != NULL)
			conductor_teardown(c, &c->cast.players[i], c->cast.players[i].spec->teardown);
	}
	if (c->spec->teardown != NULL)
		conductor_teardown(c, control, c->spec->teardown);
	error_context_stack = callback.previous;
}

/*
 * Runs all orders that begin with those steps: of each session in its order,
 * those of earlier sessions first.  next[]: each session's next step.
 */
static void
conductor_run_all(SpecConductor *c, List *begun, int *next)
{
	bool		any = false;
	int			i;

	for (i = 0; i < c->cast.nsessions; i++)
	{
		CtSpecEntry entry = {0};

		if (next[i] == list_length(c->cast.players[i].spec->steps))
			continue;
		any = true;
		entry.step = list_nth(c->cast.players[i].spec->steps, next[i]++);
		entry.name = entry.step->name;
		begun = lappend(begun, &entry);
		conductor_run_all(c, begun, next);
		begun = list_delete_last(begun);
		next[i]--;
	}
	if (!any)
		conductor_run_permutation(c, begun);
}

static void
conductor_run(SpecConductor *c)
{
	ListCell   *lc;

	foreach(lc, c->spec->unused)
		conductor_say(c, "unused step name: %s\n", ((CtSpecStep *) lfirst(lc))->name);
	conductor_say(c, "Parsed test spec with %d sessions\n", c->cast.nsessions);
	ct_spec_cast_begin(&c->cast);

	foreach(lc, c->spec->permutations)
		conductor_run_permutation(c, lfirst(lc));
	if (c->spec->permutations == NIL)
		conductor_run_all(c, NIL, palloc0(c->cast.nsessions * sizeof(int)));
}

void
ct_spec_conduct(CtSpec *spec, CtSpecPut put, void *context)
{
	MemoryContext own = AllocSetContextCreate(TopTransactionContext, "ct_ext spec", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(own);
	SpecConductor *c = palloc0(sizeof(SpecConductor));

	c->spec = spec;
	c->put = put;
	c->put_context = context;
	initStringInfo(&c->line);
	ct_spec_cast_make(&c->cast, spec, conductor_notice, c);

	PG_TRY();
	{
		conductor_run(c);
	}
	PG_CATCH();
	{
		/* so that our error comes after their end */
		ct_spec_cast_abort(&c->cast);
		PG_RE_THROW();
	}
	PG_END_TRY();

	ct_spec_cast_end(&c->cast);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(own);
}
