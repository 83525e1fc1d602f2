/* fit.c - a report of any size becomes one that fits. */
#include "fit.h"

#include <string.h>

static size_t size_of(const json_t *v)
{
	return json_dumpb(v, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

static const char *largest(json_t *obj)
{
	const char *key, *found = NULL;
	size_t most = 0;
	json_t *v;

	json_object_foreach(obj, key, v) {
		size_t size = strcmp(key, "truncated") ? size_of(v) : 0;

		if (size > most) {
			most = size;
			found = key;
		}
	}
	return found;
}

static json_t *noted(json_t *obj)
{
	if (!json_object_get(obj, "truncated"))
		json_object_set_new(obj, "truncated", json_object());
	return json_object_get(obj, "truncated");
}

static void halve(json_t *list)
{
	size_t half = json_array_size(list) / 2;

	while (json_array_size(list) > half)
		json_array_remove(list, json_array_size(list) - 1);
}

void fit_object(json_t *obj, size_t max)
{
	while (size_of(obj) > max) {
		const char *key = largest(obj);
		json_t *v = key ? json_object_get(obj, key) : NULL;

		if (!v)
			return;
		if (json_is_array(v) && json_array_size(v)) {
			if (!json_object_get(noted(obj), key))
				json_object_set_new(noted(obj), key, json_integer((json_int_t)json_array_size(v)));
			halve(v);
		} else {
			json_object_set_new(noted(obj), key, json_null());
			json_object_del(obj, key);
		}
	}
}
