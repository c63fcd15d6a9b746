/*
 * error.h
 *		An error on its way to another process, by way of shared memory.
 *
 * Of a fixed size: for what ends a process or the run, and so has to get there
 * whatever else doesn't.  What is longer is cut.  Errors that a script's
 * transactions end with are many, and told in full by error_text.h.
 */
#ifndef CT_ERROR_H
#define CT_ERROR_H

#define CT_MESSAGE_LEN	1024

typedef struct CtErrorReport
{
	int			sqlstate;		/* 0: none */
	char		message[CT_MESSAGE_LEN];
	char		detail[CT_MESSAGE_LEN];
	char		hint[CT_MESSAGE_LEN];
	char		context[CT_MESSAGE_LEN];
} CtErrorReport;

/* an error from the error stack's top into a report, and out of one again */
extern void ct_error_store(CtErrorReport *report, const ErrorData *edata);
extern void ct_error_raise(const CtErrorReport *report, int elevel);

#endif							/* CT_ERROR_H */
