/*
 * settings.h
 *		The ct_ext.* settings, defined in ct_ext.c.
 */
#ifndef CT_SETTINGS_H
#define CT_SETTINGS_H

extern int	ct_progress_interval;	/* seconds between NOTICEs, 0: none */
extern int	ct_barrier_timeout; /* ms that a worker waits for the others */
extern int	ct_stop_timeout;	/* ms until a transaction under way at a run's end is cancelled */
extern int	ct_spec_step_timeout;	/* seconds until a step of a spec is cancelled */

extern bool ct_telemetry;		/* whether runs look at waits, deadlocks, resources and single transactions */
extern int	ct_sample_interval;	/* ms between two looks at what sessions wait for */

#endif							/* CT_SETTINGS_H */
