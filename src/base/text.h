/*
 * text.h
 *		Text in fields of a fixed length.
 */
#ifndef CT_TEXT_H
#define CT_TEXT_H

/*
 * Copies as much of a string as fits into size bytes with its end, and never
 * half a character.  NULL is copied as the empty string.
 */
extern void ct_copy_text(char *to, const char *from, Size size);

/* The same in one line: whatever blanks stand between two words are one. */
extern void ct_copy_line(char *to, const char *from, Size size);

/*
 * The text itself if it is of at most size bytes, else as much of it, with a
 * mark that says so, palloc'd.  NULL stays NULL.
 */
extern const char *ct_clip_text(const char *text, Size size);

#endif							/* CT_TEXT_H */
