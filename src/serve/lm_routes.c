/* Every path that the server of the language model answers. */
#include "serve/lm_server.h"

#include <string.h>

#define GET "GET"
#define POST "POST"

static const struct lm_route ROUTES[] = {
    {"/", GET, false, LM_API_COUNT, lm_answer_root},
    {"/api/generate", POST, true, LM_OLLAMA_GENERATE, NULL},
    {"/api/chat", POST, true, LM_OLLAMA_CHAT, NULL},
    {"/api/tags", GET, true, LM_API_COUNT, lm_answer_tags},
    {"/api/ps", GET, true, LM_API_COUNT, lm_answer_ps},
    {"/api/show", POST, true, LM_API_COUNT, lm_answer_show},
    {"/api/version", GET, true, LM_API_COUNT, lm_answer_version},
    {"/v1/models", GET, false, LM_API_COUNT, lm_answer_models},
    {"/v1/completions", POST, false, LM_OPENAI_TEXT, NULL},
    {"/v1/chat/completions", POST, false, LM_OPENAI_CHAT, NULL},
    {"/health", GET, false, LM_API_COUNT, lm_answer_health},
    {"/metrics", GET, false, LM_API_COUNT, lm_answer_metrics},
    {"/tokenize", POST, false, LM_API_COUNT, lm_answer_tokenize},
    {"/detokenize", POST, false, LM_API_COUNT, lm_answer_detokenize},
};
#define ROUTES_COUNT (sizeof ROUTES / sizeof ROUTES[0])

size_t lm_routes_count(void)
{
    return ROUTES_COUNT;
}

const struct lm_route *lm_route_at(size_t i)
{
    return &ROUTES[i];
}

const struct lm_route *lm_route_find(const char *path, const char *method, unsigned *ret_status)
{
    *ret_status = MHD_HTTP_NOT_FOUND;
    const char *asked = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? GET : method;
    for (size_t i = 0; i < ROUTES_COUNT; i++) {
        if (strcmp(path, ROUTES[i].path) == 0) {
            *ret_status = MHD_HTTP_METHOD_NOT_ALLOWED;
            if (strcmp(asked, ROUTES[i].method) == 0) {
                return &ROUTES[i];
            }
        }
    }
    return NULL;
}
