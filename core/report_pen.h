/* report_pen.h - lines of a report, tamed, in colour where that is wanted. */
#ifndef GESYNC_REPORT_PEN_H
#define GESYNC_REPORT_PEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct pen {
	FILE *out;
	bool colours;
	bool begun;                     /* a heading has an empty line before it, but for the first */
};

enum ink { INK_PLAIN, INK_BOLD, INK_GOOD, INK_BAD, INK_WARN, INK_DIM };

/* Text without a line's end. */
void pen_put(struct pen *pen, enum ink ink, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same, padded on its right to width characters and two more. */
void pen_cell(struct pen *pen, enum ink ink, int width, const char *text);
void pen_line(struct pen *pen, enum ink ink, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void pen_heading(struct pen *pen, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A text of several lines, such as SQL, each indented. */
void pen_block(struct pen *pen, enum ink ink, const char *indent, const char *text);

const char *pen_text(const json_t *obj, const char *key);       /* "" if it is no text */
long long pen_number(const json_t *obj, const char *key);
size_t pen_count(const json_t *obj, const char *key);   /* entries of a list */
/* Characters of the longest text under key in a list of objects. */
int pen_width(const json_t *list, const char *key);

/* Where a result says what was cut from it to fit (fit.h). */
void pen_truncated(struct pen *pen, const json_t *result);
/* When, by whom; and the error of one that failed. */
void pen_outcome(struct pen *pen, const json_t *outcome);

#endif
