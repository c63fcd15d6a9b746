/*
 * scan_text.h
 *		Taking a text apart that was made of a format.
 */
#ifndef CT_SCAN_TEXT_H
#define CT_SCAN_TEXT_H

/* a piece of a text */
typedef struct CtSpan
{
	const char *start;
	Size		length;
} CtSpan;

/*
 * Finds out what the conversions of a format stood for in a text that was made
 * of it: %s, %d and %u, also by their position (%2$s), as a translation may
 * have them; %% is a percent sign.  args: of nargs conversions, in the order of
 * the arguments.  Returns false if the text, all of it, wasn't made of the
 * format.  Of several ways to read it the first that begins with the shortest
 * pieces is taken.
 */
extern bool ct_scan_text(const char *format, const char *text, Size length, CtSpan *args, int nargs);

/* What a %d or %u of a span stands for. */
extern uint32 ct_span_number(CtSpan span);

#endif							/* CT_SCAN_TEXT_H */
