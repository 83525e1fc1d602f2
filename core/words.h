/* words.h - which word was probably meant. */
#ifndef GESYNC_WORDS_H
#define GESYNC_WORDS_H

/* The word of words (NULL-ended) that is like this one but for a few letters, or NULL. */
const char *words_nearest(const char *word, const char *const *words);

#endif
