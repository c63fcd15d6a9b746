/*
 * changepoint.h
 *		Where a series of runs changes its level.
 *
 * For a series with one change the test is that of Hawkins ("Testing a
 * sequence of observations for a shift in location", Journal of the American
 * Statistical Association 72, 1977): the largest Student's t of all places
 * where it can be split in two, with Bonferroni's bound for its probability
 * (Worsley, "On the likelihood ratio test for a shift in location of normal
 * populations", ibid. 74, 1979).  Where there is a change, both pieces are
 * looked at in the same way (binary segmentation: Scott and Knott, "A cluster
 * analysis method for grouping means in the analysis of variance", Biometrics
 * 30, 1974).  A level that comes back after a while is no change of that kind,
 * for what is before and after it is alike: so episodes of up to
 * CT_MAX_EPISODE runs are tested against all that is around them, in the same
 * way, as by circular binary segmentation (Olshen, Venkatraman, Lucito and
 * Wigler, Biostatistics 5, 2004), with the bound in the place of permutations.
 *
 * A run in which the machine did something else as well hides changes, for it
 * makes everything look noisy.  So a value far off is taken to be just off: at
 * most CT_FAR_OFF deviations from the piece's median, a deviation being what
 * the median of the absolute deviations says.
 */
#ifndef CT_CHANGEPOINT_H
#define CT_CHANGEPOINT_H

#define CT_MIN_SEGMENT		3	/* runs between two changes: one or two that are off are none */
#define CT_MAX_EPISODE		500		/* longer ones are seen as two changes */
#define CT_CHANGEPOINT_LEVEL 0.01	/* of both tests: so often a series that never changed has a change */
#define CT_FAR_OFF			5.0

/* The median of n > 0 values, which it sorts. */
extern double ct_median(double *values, int n);

/*
 * Finds the changes in n values, in order.  points has room for n / CT_MIN_SEGMENT;
 * it is given the indexes, ascending, of those that a new level begins with.
 * Returns their number.  scratch has room for 2 * n + 1.
 */
extern int	ct_changepoints(const double *values, int n, int *points, double *scratch);

#endif							/* CT_CHANGEPOINT_H */
