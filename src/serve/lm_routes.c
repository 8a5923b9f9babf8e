/* Every path that the server of the language model answers. */
#include "serve/lm_server.h"

#include <string.h>

#define GET "GET"
#define POST "POST"

static const struct lm_route ROUTES[] = {
    {"/", GET, LM_API_COUNT, lm_answer_root},
    {"/api/generate", POST, LM_OLLAMA_GENERATE, NULL},
    {"/api/chat", POST, LM_OLLAMA_CHAT, NULL},
    {"/api/tags", GET, LM_API_COUNT, lm_answer_tags},
    {"/api/ps", GET, LM_API_COUNT, lm_answer_ps},
    {"/api/show", POST, LM_API_COUNT, lm_answer_show},
    {"/api/version", GET, LM_API_COUNT, lm_answer_version},
    {"/v1/models", GET, LM_API_COUNT, lm_answer_models},
    {"/v1/completions", POST, LM_OPENAI_TEXT, NULL},
    {"/v1/chat/completions", POST, LM_OPENAI_CHAT, NULL},
    {"/health", GET, LM_API_COUNT, lm_answer_health},
    {"/metrics", GET, LM_API_COUNT, lm_answer_metrics},
    {"/tokenize", POST, LM_API_COUNT, lm_answer_tokenize},
    {"/detokenize", POST, LM_API_COUNT, lm_answer_detokenize},
};
#define ROUTES_COUNT (sizeof ROUTES / sizeof ROUTES[0])

bool lm_path_is_ollama(const char *path)
{
    return strncmp(path, "/api/", strlen("/api/")) == 0;
}

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
