"""Makes a model folder: ``python -m loadtests.gpu.weights ORDERS``, with the interpreter that will serve it.

ORDERS is the JSON of `loadtests.gpu.orders.Orders`. The last line that it prints is the JSON of `Made`; what goes wrong
is the last line of stderr. A folder that was made before is taken as it is. Nothing else imports this module.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from loadtests.gpu.orders import SPECIAL, Made, Orders, pieces
from loadtests.gpu.shapes import Shape

_TEMPLATE = (
    "{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
_PACKAGES = ("torch", "transformers", "bitsandbytes", "vllm")
_SEED = 20261121  # one for all runs, so that a folder of gigabytes is made once
_SHARD = "4GB"


def write_tokenizer(folder: Path, shape: Shape) -> None:
    """A tokenizer over `pieces`, with a chat template."""
    model = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces(shape.vocabulary)], unk_id=0))
    model.pre_tokenizer, model.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    unknown, begin, end = SPECIAL
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=model, unk_token=unknown, bos_token=begin, eos_token=end, model_max_length=shape.context
    )
    tokenizer.chat_template = _TEMPLATE
    tokenizer.save_pretrained(folder)


def write_model(folder: Path, orders: Orders) -> None:
    """The configuration and, where asked for, random weights in bfloat16. No token ends an answer: its length is the
    load's.
    """
    shape = orders.shape
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=shape.context,
        bos_token_id=1,
        eos_token_id=2,
        dtype="bfloat16",
        architectures=["LlamaForCausalLM"],
    )
    generation = GenerationConfig(do_sample=False, bos_token_id=1, eos_token_id=None, pad_token_id=0)
    if not orders.weights:
        config.save_pretrained(folder)
        generation.save_pretrained(folder)
        return
    torch.manual_seed(_SEED)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(orders.device):
        model = LlamaForCausalLM(config)
    model.generation_config = generation
    model.save_pretrained(folder, max_shard_size=_SHARD)


def make(orders: Orders) -> Made:
    """Make the folder, unless it is there.

    Raises:
        SystemExit: it cannot be made here; the message says why.
    """
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    if orders.device == "cuda" and not gpu:
        sys.exit(f"PyTorch {torch.__version__} finds no CUDA device")
    folder = Path(orders.folder)
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        write_tokenizer(draft, orders.shape)
        write_model(draft, orders)
        draft.replace(folder)
    return Made(dict(_versions()), gpu)


def _versions() -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue


def main(text: str) -> None:
    """Follow the orders."""
    table = json.loads(text)
    made = make(Orders(**table | {"shape": Shape(**table["shape"])}))
    print(json.dumps(asdict(made)), flush=True)  # noqa: T201  the process that started it reads it


if __name__ == "__main__":
    main(sys.argv[1])
