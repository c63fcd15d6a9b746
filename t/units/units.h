/*
 * units.h
 *		Tests in C of what SQL can't reach.
 *
 * A unit is a function that is executed in a background worker of its own, at
 * top level: no transaction is open, and it may begin some.  What it raises is
 * a failure.
 */
#ifndef CT_UNITS_H
#define CT_UNITS_H

/* One line of TAP; what it should be (printf's), and nothing else. */
extern void unit_ok(bool ok, const char *what, ...) pg_attribute_printf(2, 3);

/* The same for texts (NULL for none), which it shows if they differ. */
extern void unit_is(const char *is, const char *expected, const char *what);

/* the units */
extern void unit_session(void);
extern void unit_sessions(void);
extern void unit_interpret(void);
extern void unit_wait_event(void);
extern void unit_rows(void);
extern void unit_state(void);
extern void unit_explored(void);
extern void unit_search(void);
extern void unit_sample(void);
extern void unit_scan(void);
extern void unit_recovery(void);

#endif							/* CT_UNITS_H */
