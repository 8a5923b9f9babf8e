/*
 * Log entries as assay writes them, read fast. Inside this room only.
 */
#ifndef ASSAY_RECORD_LOG_ENTRY_PLAIN_H
#define ASSAY_RECORD_LOG_ENTRY_PLAIN_H

#include "record/log_entry.h"

#define ASSAY_SIGNATURE_TEXT_BYTES 88 /* 64 bytes in base64 */

/* True: the entry is an intent, receipt or record in the form of assay_tlog_row_read, which would give the same row.
 * False says nothing: assay_tlog_row_read decides. scratch: room for ASSAY_LOG_ENTRY_BYTES_MAX, kept between calls. */
bool tlog_row_read_plain(struct assay_slice entry, struct assay_buf *scratch, struct assay_tlog_row *ret);

#endif
