/*
 * session.h
 *		A spec's session: a background worker that executes what it is sent, as
 *		a backend does for its client.
 */
#ifndef CT_SPEC_SESSION_H
#define CT_SPEC_SESSION_H

extern PGDLLEXPORT void ct_spec_session_main(Datum main_arg);

#endif							/* CT_SPEC_SESSION_H */
