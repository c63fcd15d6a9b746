/*
 * outcome.c
 *		What became of a run that is one of several, which go on without it.
 */
#include "postgres.h"

#include "api/outcome.h"
#include "src/base/errcodes.h"

const char *
ct_outcome_word(const CtOutcome *outcome)
{
	return outcome->verdict ? outcome->verdict : outcome->status;
}

/* An error as a reason, with where it was raised, in one line. */
static char *
outcome_reason(const CtErrorReport *error)
{
	char	   *reason = psprintf("%s (SQLSTATE %s)%s%s", error->message, ct_sqlstate_text(error->sqlstate),
								  error->context[0] ? "; " : "", error->context);
	char	   *p;

	for (p = reason; *p; p++)
		if (*p == '\n')
			*p = ' ';
	return reason;
}

CtOutcome *
ct_outcome_of_run(const Jsonb *document)
{
	CtOutcome  *outcome = palloc0(sizeof(CtOutcome));
	CtErrorReport error;
	CtCall		call;

	outcome->status = "failed";
	if (!ct_call_attempt(&call, document, &error))
	{
		outcome->sqlstate = error.sqlstate;
		outcome->reason = outcome_reason(&error);
		return outcome;
	}
	(void) ct_call_wait(&call, 0, true);
	ct_call_warn(&call);
	error = ct_call_error(&call);
	outcome->run_id = call.shared->run_id;
	outcome->status = pstrdup(call.shared->status[0] != '\0' ? call.shared->status : "crashed");
	outcome->summary = call.shared->summary;
	if (call.shared->verdict[0] != '\0')
	{
		outcome->verdict = pstrdup(call.shared->verdict);
		outcome->reason = pstrdup(call.shared->reason);
	}
	else
	{
		outcome->sqlstate = error.sqlstate != 0 ? error.sqlstate : ERRCODE_CONNECTION_FAILURE;
		outcome->reason = error.sqlstate != 0 ? outcome_reason(&error) :
			pstrdup("the run's leader was lost; the server's log says why");
	}
	ct_call_detach(&call);
	return outcome;
}
