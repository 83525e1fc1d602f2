/* check_changes_test.c - the 500 changes of tests/system/check_changes_test.c. */
#define CHANGES_USUAL 500
#include "tests/system/check_changes_test.c"
