/*
 * lm/: the built-in language model. Weights and their formats (format.h), model files (gguf.h); tokenizer, forward
 * pass and sampler stand on them. This is the front door.
 */
#ifndef ASSAY_LM_LM_H
#define ASSAY_LM_LM_H

#include "lm/format.h"
#include "lm/gguf.h"
#include "lm/model.h"
#include "lm/session.h"
#include "lm/synth.h"
#include "lm/token.h"

#endif
