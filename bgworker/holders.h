/*
 * holders.h
 *		Whose locks are in the way: for messages.
 */
#ifndef CT_HOLDERS_H
#define CT_HOLDERS_H

/*
 * Who holds locks on the schema or on a relation in it, of those locks that
 * keep it from being dropped: "prepared transaction "x", process 123 (psql)",
 * palloc'd, or NULL if there is nobody (any more).  In a transaction.
 */
extern char *ct_holders_of_schema(Oid schema);

/* The same of the locks that keep the leader from writing into the tables of results. */
extern char *ct_holders_of_results(void);

#endif							/* CT_HOLDERS_H */
