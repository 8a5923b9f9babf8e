/* Bodies of requests to the truth server: any bytes are answered, the first one chooses the path. */
#include "serve/truth_request.h"
#include "json/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct truth_ask ask;
    assay_json_init();
    if (len > 0) {
        enum truth_api api = (enum truth_api)(bytes[0] % 5);
        struct assay_slice body = {(const char *)bytes + 1, len - 1};
        if (truth_request_read(api, body, &ask, NULL)) {
            assert(ask.model[sizeof ask.model - 1] == '\0');
        }
    }
    return 0;
}
