#include "net/facts.h"

#include <assert.h>

const char *assay_net_outcome_name(enum assay_net_outcome outcome)
{
    static const char *const NAMES[] = {
#define NAME(name, text) #name,
        ASSAY_NET_OUTCOMES(NAME)
#undef NAME
    };
    assert(outcome < ASSAY_NET_OUTCOME_COUNT);
    return NAMES[outcome];
}

const char *assay_net_outcome_text(enum assay_net_outcome outcome)
{
    static const char *const TEXTS[] = {
#define TEXT(name, text) text,
        ASSAY_NET_OUTCOMES(TEXT)
#undef TEXT
    };
    assert(outcome < ASSAY_NET_OUTCOME_COUNT);
    return TEXTS[outcome];
}

uint64_t assay_net_span_after(const struct assay_net_span *span, size_t end)
{
    assert(end > 0 && end <= span->len);
    if (end == span->len) {
        return span->after_bytes; /* the CRLF that closes the chunk belongs to the event */
    }
    return (span->len - end) + span->closing_bytes + span->after_bytes;
}

struct assay_net_arrival assay_net_span_arrival(const struct assay_net_span *span, size_t end)
{
    return assay_net_timeline_arrival(span->timeline, span->segment, assay_net_span_after(span, end));
}

struct assay_net_arrival assay_net_facts_start(const struct assay_net_facts *facts)
{
    if (facts->tx.ns != ASSAY_NS_ABSENT) {
        const uint64_t around = facts->tx.uncertainty_ns;
        return (struct assay_net_arrival){facts->tx.ns - around, facts->tx.ns + around, ASSAY_NET_EXACT};
    }
    if (facts->send_enter_ns == ASSAY_NS_ABSENT) {
        return ASSAY_NET_ARRIVAL_ABSENT;
    }
    uint64_t hi_ns = facts->first_byte.hi_ns; /* ABSENT is the largest number: the earlier one wins */
    if (facts->tx_ack.ns < hi_ns) {
        hi_ns = facts->tx_ack.ns;
    }
    if (hi_ns == ASSAY_NS_ABSENT) {
        hi_ns = facts->end_ns;
    }
    return (struct assay_net_arrival){facts->send_enter_ns, hi_ns, ASSAY_NET_BOUNDED};
}

void assay_net_facts_take_stamp(struct assay_net_facts *facts, enum assay_net_tx_kind kind,
                                struct assay_net_stamp stamp)
{
    const bool is_snd = kind == ASSAY_NET_TX_SND;
    struct assay_net_stamp *place = is_snd ? &facts->tx : &facts->tx_ack;
    facts->retransmissions += is_snd && facts->has_snd;
    if (!is_snd || !facts->has_snd) { /* the first departure counts, even if a clock step took its stamp */
        *place = stamp;
    }
    facts->has_snd |= is_snd;
}
