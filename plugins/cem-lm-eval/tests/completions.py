"""A small OpenAI-compatible server of completions over transformers, in this process or as a command:

python completions.py --model FOLDER --port PORT --name NAME [--adapter FOLDER]
"""

import argparse
import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from cem_toolkit.testing.serving import reply


class Completions:
    """Answers greedily, in float32, with one sequence at a time; `models` are those served, by name."""

    def __init__(self, folder: Path, name: str = "base", adapter: Path | None = None, *, loads: bool = False) -> None:
        self.folder, self.loads = folder, loads
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.models = {name: load(folder, adapter)}
        self.seen: list[Mapping[str, Any]] = []
        """What was posted, with the headers."""

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            models = [{"id": name, "object": "model", "max_model_len": 512} for name in self.models]
            send(handler, {"object": "list", "data": models})
            return
        asked = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.seen.append({**asked, "headers": dict(handler.headers), "path": handler.path})
        if handler.path.endswith("/load_lora_adapter") and self.loads:
            self.models[asked["lora_name"]] = load(self.folder, Path(asked["lora_path"]))
            reply(200, "Success", Content_Type="text/plain")(handler)
        elif handler.path.endswith("/unload_lora_adapter") and asked["lora_name"] in self.models:
            del self.models[asked["lora_name"]]
            reply(200, "Success", Content_Type="text/plain")(handler)
        elif handler.path.endswith("/completions") and asked["model"] in self.models:
            send(handler, self.complete(asked))
        else:
            reply(404, f"no {handler.path} for {asked}")(handler)

    def complete(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        prompts = asked["prompt"] if isinstance(asked["prompt"][0], list | str) else [asked["prompt"]]
        choices = [self.choice(asked, index, prompt) for index, prompt in enumerate(prompts)]
        return {"object": "text_completion", "model": asked["model"], "choices": choices}

    def choice(self, asked: Mapping[str, Any], index: int, prompt: list[int] | str) -> dict[str, Any]:
        network = self.models[asked["model"]]
        ids = self.tokenizer.encode(prompt) if isinstance(prompt, str) else list(prompt)
        made: list[int] = []
        for _ in range(asked["max_tokens"]):
            with torch.inference_mode():
                logits = network(torch.tensor([ids + made])).logits[0]
            made.append(int(logits[-1].argmax()))
            if made[-1] == self.tokenizer.eos_token_id or any(s in self.text(made) for s in asked.get("stop") or ()):
                break
        text = self.text(made)
        for stop in asked.get("stop") or ():
            text = text.partition(stop)[0]
        choice = {
            "index": index,
            "text": text,
            "finish_reason": "length" if made[-1] != self.tokenizer.eos_token_id else "stop",
            "logprobs": None,
        }
        if asked.get("echo") and asked.get("logprobs"):
            choice |= {"text": self.text(ids) + text, "logprobs": self.logprobs(logits, ids + made)}
        return choice

    def text(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def logprobs(self, logits: torch.Tensor, ids: list[int]) -> dict[str, Any]:
        """`logits` are of the last step of one: they predict all of `ids` but the first."""
        logs = logits.float().log_softmax(-1)
        values: list[float | None] = [None, *(float(logs[place, token]) for place, token in enumerate(ids[1:]))]
        best = [None, *({str(int(row.argmax())): float(row.max())} for row in logs)]
        return {"tokens": list(map(str, ids)), "token_logprobs": values, "top_logprobs": best[: len(ids)]}


def load(folder: Path, adapter: Path | None) -> Any:
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter is not None:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, adapter)
    return network.eval()


def send(handler: BaseHTTPRequestHandler, body: Any) -> None:
    reply(200, json.dumps(body), Content_Type="application/json")(handler)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--adapter", type=Path)
    args = parser.parse_args()
    from http.server import ThreadingHTTPServer

    answer: Callable[[BaseHTTPRequestHandler], None] = Completions(args.model, args.name, args.adapter)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            answer(self)

        do_GET = do_POST = respond  # noqa: N815 (the library's names)

    ThreadingHTTPServer(("127.0.0.1", args.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
