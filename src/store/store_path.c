#include "store/store.h"

#include <assert.h>

#define HISTORY_IN_DATA_HOME "/assay/history.db"
#define DATA_HOME_IN_HOME "/.local/share" /* XDG Base Directory Specification 0.8 */

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

assay_code assay_store_path(const char *asked, const struct assay_store_env *env, struct assay_buf *ret_path,
                            assay_err *err)
{
    assert(env && ret_path);
    assay_buf_clear(ret_path);
    if (is_set(asked)) {
        assay_buf_text(ret_path, asked);
    } else if (is_set(env->assay_store)) {
        assay_buf_text(ret_path, env->assay_store);
    } else if (is_set(env->xdg_data_home) && env->xdg_data_home[0] == '/') {
        assay_buf_printf(ret_path, "%s" HISTORY_IN_DATA_HOME, env->xdg_data_home);
    } else if (is_set(env->home)) {
        assay_buf_printf(ret_path, "%s" DATA_HOME_IN_HOME HISTORY_IN_DATA_HOME, env->home);
    } else {
        return assay_fail(err, ASSAY_USAGE, "no place for the history: give --store FILE, or set ASSAY_STORE or HOME");
    }
    return assay_buf_check(ret_path, err);
}
