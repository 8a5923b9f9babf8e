/*
 * lm/: the built-in language model. Weights and their formats (format.h), model files (gguf.h), synthetic ones
 * (synth.h); text and tokens (token.h, template.h, stream.h); a model that runs (engine.h, session.h) on a team of
 * threads (team.h), and what follows from its logits (sampler.h, generate.h). This is the front door.
 */
#ifndef ASSAY_LM_LM_H
#define ASSAY_LM_LM_H

#include "lm/engine.h"
#include "lm/format.h"
#include "lm/generate.h"
#include "lm/gguf.h"
#include "lm/model.h"
#include "lm/npy.h"
#include "lm/pages.h"
#include "lm/parity.h"
#include "lm/sampler.h"
#include "lm/session.h"
#include "lm/stream.h"
#include "lm/synth.h"
#include "lm/team.h"
#include "lm/template.h"
#include "lm/token.h"

#endif
