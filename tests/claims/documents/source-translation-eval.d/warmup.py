results = {}


def evaluate(model):
    results["warmup_time_s"] = model.declared_warmup()
    return results
