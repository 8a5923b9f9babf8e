/*
 * Prints the hash table of words and units, when the program is built: the lists are known then, and a document of a
 * few kilobytes is read in less time than the table takes to fill. word.c includes what this prints.
 */
#include "claims/word.h"
#include "claims/word_slot.h"

#include <stdio.h>
#include <string.h>

static const char *const WORDS[W_COUNT_OF] = {
#define W(id, class, flag_bits, texts) [W_##id] = (texts),
#include "claims/words.def"
#undef W
};
static const char *const UNITS[UNIT_COUNT_OF] = {
#define U(id, upper, lower, n, d, bits, texts) [UNIT_##id] = (texts),
#include "claims/units.def"
#undef U
};

static struct word_entry entries[WORD_SLOTS];
static unsigned slots[WORD_SLOTS], entries_count = 1; /* entry 0: none */

static int has_capital(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] >= 'A' && bytes[i] <= 'Z') {
            return 1;
        }
    }
    return 0;
}

static void add(const char *text, size_t len, unsigned word, unsigned unit)
{
    int is_cased = unit != UNIT_NONE && has_capital(text, len);
    uint32_t hash = word_hash(text, len);
    uint32_t at = hash & (WORD_SLOTS - 1);
    for (; slots[at]; at = (at + 1) & (WORD_SLOTS - 1)) {
        struct word_entry *entry = &entries[slots[at]];
        if (entry->hash == hash && entry->is_cased == is_cased && entry->len == len &&
            memcmp(entry->text, text, len) == 0) {
            entry->word = (uint16_t)(word ? word : entry->word); /* one text may be a word and a unit */
            entry->unit = (uint16_t)(unit ? unit : entry->unit);
            return;
        }
    }
    struct word_entry *entry = &entries[entries_count];
    slots[at] = entries_count++;
    *entry = (struct word_entry){.hash = hash,
                                 .word = (uint16_t)word,
                                 .unit = (uint16_t)unit,
                                 .len = (uint8_t)len,
                                 .is_cased = (uint8_t)is_cased};
    memcpy(entry->text, text, len);
}

static int add_all(const char *aliases, unsigned word, unsigned unit)
{
    while (aliases && *aliases) {
        size_t len = strcspn(aliases, " ");
        if (len == 0 || len > WORD_BYTES_MAX || entries_count >= WORD_SLOTS / 2) {
            fprintf(stderr, "word_table: '%s' is too long, or there are too many words\n", aliases);
            return 0;
        }
        add(aliases, len, word, unit);
        aliases += len;
        aliases += *aliases == ' ';
    }
    return 1;
}

static void print_entry(const struct word_entry *entry)
{
    printf("    {%uu, %u, %u, %u, %u, {", entry->hash, entry->word, entry->unit, entry->len, entry->is_cased);
    for (unsigned i = 0; i < entry->len; i++) {
        printf("%d,", entry->text[i]);
    }
    printf("%s}},\n", entry->len ? "" : "0");
}

int main(void)
{
    int is_good = 1;
    for (unsigned i = 1; i < W_COUNT_OF; i++) {
        is_good &= add_all(WORDS[i], i, UNIT_NONE);
    }
    for (unsigned i = 1; i < UNIT_COUNT_OF; i++) {
        is_good &= add_all(UNITS[i], W_NONE, i);
    }
    printf("static const struct word_entry ENTRIES[%u] = {\n", entries_count);
    for (unsigned i = 0; i < entries_count; i++) {
        print_entry(&entries[i]);
    }
    printf("};\nstatic const struct word_slot SLOTS[WORD_SLOTS] = {\n");
    for (unsigned i = 0; i < WORD_SLOTS; i++) {
        if (slots[i]) {
            printf("    [%u] = {%u, %u},\n", i, slots[i], entries[slots[i]].hash >> 16);
        }
    }
    printf("};\n");
    return !is_good || fflush(stdout) != 0 || ferror(stdout);
}
