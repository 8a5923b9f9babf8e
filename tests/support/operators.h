/*
 * The edit operators of the attack corpus (evidence.md 5, rows 1 to 3): each makes another value of a JSON value.
 */
#ifndef ASSAY_TESTS_OPERATORS_H
#define ASSAY_TESTS_OPERATORS_H

#include "json/json.h"

struct operator
{
    const char *name;
    json_t *(*edit)(const json_t *value); /* a new value, or NULL if it does not apply or changes nothing */
};

extern const struct operator operators[];
extern const size_t operators_count;

/* Calls for each member and element of the statement, its pointer given, the containers too. */
void operators_walk(json_t *statement, void (*visit)(void *context, const char *pointer), void *context);

#endif
