/*
 * error.c
 *		An error into a report in shared memory, and out of it again.
 */
#include "postgres.h"

#include "bgworker/shm/error.h"
#include "src/base/text.h"

void
ct_error_store(CtErrorReport *report, const ErrorData *edata)
{
	report->sqlstate = edata->sqlerrcode;
	ct_copy_text(report->message, edata->message, CT_MESSAGE_LEN);
	ct_copy_text(report->detail, edata->detail, CT_MESSAGE_LEN);
	ct_copy_text(report->hint, edata->hint, CT_MESSAGE_LEN);
	ct_copy_text(report->context, edata->context, CT_MESSAGE_LEN);
}

void
ct_error_raise(const CtErrorReport *report, int elevel)
{
	ereport(elevel,
			(errcode(report->sqlstate),
			 errmsg_internal("%s", report->message),
			 report->detail[0] ? errdetail_internal("%s", report->detail) : 0,
			 report->hint[0] ? errhint("%s", report->hint) : 0,
			 report->context[0] ? errcontext("%s", report->context) : 0));
}
