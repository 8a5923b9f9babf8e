"""The official Python clients of Ollama and OpenAI against `assay lm serve`: python3 lm_clients.py URL. Every mistake is
an AssertionError or the client's own."""
import sys

import ollama
import openai

URL = sys.argv[1]
OPTIONS = {"seed": 5, "num_predict": 12, "temperature": 0.9, "top_p": 1, "top_k": 0}
SAMPLING = {"seed": 5, "max_tokens": 12, "temperature": 0.9, "top_p": 1}
HELLO = [{"role": "user", "content": "hello"}]


def of_ollama():
    client = ollama.Client(host=URL)
    model = client.list().models[0]
    assert model.model.startswith("synthetic-"), model
    assert client.ps().models[0].digest == model.digest and len(model.digest) == 64
    assert client.show(model.model).details.quantization_level == "I2_S"
    whole = client.generate(model=model.model, prompt="hello", options=OPTIONS)
    pieces = list(client.generate(model=model.model, prompt="hello", stream=True, options=OPTIONS))
    assert "".join(piece.response for piece in pieces) == whole.response != ""
    assert whole.eval_count == pieces[-1].eval_count > 0 and whole.eval_duration > 0
    assert whole.total_duration >= whole.prompt_eval_duration + whole.eval_duration
    chat = client.chat(model=model.model, messages=HELLO, options=OPTIONS)
    assert chat.message.content == whole.response and chat.done_reason == whole.done_reason
    streamed = client.chat(model=model.model, messages=HELLO, options=OPTIONS, stream=True)
    assert "".join(piece.message.content for piece in streamed) == whole.response
    try:
        client.generate(model="other", prompt="x")
    except ollama.ResponseError as error:
        assert error.status_code == 404 and "other" in error.error
    else:
        raise AssertionError("a model that there is not was answered for")
    return model.model, whole


def of_openai(name, wanted):
    client = openai.OpenAI(base_url=URL + "/v1", api_key="none", max_retries=0)
    assert client.models.list().data[0].id == name
    chat = client.chat.completions.create(model=name, messages=HELLO, logprobs=True, top_logprobs=3, **SAMPLING)
    choice = chat.choices[0]
    assert choice.message.content == wanted.response and choice.message.role == "assistant"
    assert chat.usage.completion_tokens == wanted.eval_count == len(choice.logprobs.content)
    assert chat.usage.prompt_tokens == wanted.prompt_eval_count
    assert len(choice.logprobs.content[0].top_logprobs) == 3
    assert chat.system_fingerprint.startswith("assay-")
    text, usage = "", None
    for chunk in client.chat.completions.create(
        model=name, messages=HELLO, stream=True, stream_options={"include_usage": True}, **SAMPLING
    ):
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        usage = chunk.usage or usage
    assert text == wanted.response and usage == chat.usage
    plain = client.completions.create(model=name, prompt="hello", logprobs=2, **SAMPLING)
    assert plain.choices[0].text == wanted.response
    assert len(plain.choices[0].logprobs.token_logprobs) == wanted.eval_count
    refusals = ((openai.NotFoundError, {"model": "other"}, "model"), (openai.BadRequestError, {"n": 2}, "n"))
    for kind, change, param in refusals:
        try:
            client.chat.completions.create(**{"model": name, "messages": HELLO, **change})
        except kind as error:
            assert error.param == param, error
        else:
            raise AssertionError(f"{change} was answered")


of_openai(*of_ollama())
print("both clients agree with the server and with each other")
