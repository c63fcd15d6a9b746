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

#endif							/* CT_TEXT_H */
