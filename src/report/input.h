/* What every function of report/ that tells of a run is given. */
#ifndef ASSAY_REPORT_INPUT_H
#define ASSAY_REPORT_INPUT_H

#include <stddef.h>

/* The files of one run, as bytes. Only the document is required. */
struct assay_report_input {
    const char *place;    /* directory or file as the user named it */
    const char *document; /* bytes of receipt.json, record.json or imported.json */
    size_t document_len;
    const char *plan; /* bytes of plan.json, or NULL: shape, model and settings are then unknown */
    size_t plan_len;
    const char *identity; /* bytes of identity.json, or NULL */
    size_t identity_len;
};

#endif
