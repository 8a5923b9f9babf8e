import time

results = {}


def evaluate(model, texts):
    begin = time.perf_counter()
    for text in texts:
        model.translate(text)
    results["translate_time_ms"] = (time.perf_counter() - begin) * 1e3 / len(texts)
