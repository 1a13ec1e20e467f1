"""Tiny checkpoints of the real classes, with weights by chance: loaded as large ones are, and saying nothing true."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForSequenceClassification,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForAudioClassification,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

TEMPLATE = (
    "{% for message in messages %}[{{ message['role'] }}]{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
)
FACES = ("Sad", "neutral", "ANGER", "happiness", "surprised", "fear", "disgust")
VOICES = ("neu", "hap", "ang", "sad")
LANGUAGES = ("en", "zh", "de")


def named(names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": {n: i for i, n in enumerate(names)},
    }


def byte_vocabulary() -> dict[str, int]:
    return {char: number for number, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}


def tokenizer(template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    """Bytes as tokens, and a few special ones."""
    plain = Tokenizer(models.BPE(vocab=byte_vocabulary(), merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="</s>", pad_token="<pad>")
    made.add_special_tokens({"additional_special_tokens": ["<image>"]})
    if template:
        made.chat_template = template
    return made


def text_config(**more: Any) -> LlamaConfig:
    sizes = {"vocab_size": 300, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    return LlamaConfig(
        **{**sizes, "num_attention_heads": 2, "max_position_embeddings": 512, "eos_token_id": 256, "pad_token_id": 257},
        **more,
    )


def chat(folder: Path, template: str | None = TEMPLATE, **more: Any) -> Path:
    torch.manual_seed(3)
    model = LlamaForCausalLM(text_config())
    with torch.no_grad():  # no end, no special token: an answer as long as it is asked for
        model.lm_head.weight[95 - 33 :] = -model.lm_head.weight[:238].abs()
    model.save_pretrained(folder, **more)
    tokenizer(template).save_pretrained(folder)
    return folder


def vision(folder: Path) -> Path:
    torch.manual_seed(3)
    eye = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16
    )
    words = tokenizer()
    config = LlavaConfig(
        vision_config=eye, text_config=text_config(), image_token_index=words.convert_tokens_to_ids("<image>")
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    picture = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    LlavaProcessor(
        picture,
        words,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    ).save_pretrained(folder)
    return folder


def face(folder: Path, names: tuple[str, ...] = FACES, sure_of: int | None = None) -> Path:
    """`sure_of` is the output that it answers whatever it sees."""
    torch.manual_seed(3)
    config = ViTConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, **named(names)
    )
    model = ViTForImageClassification(config)
    bias_towards(model.classifier, sure_of)
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def voice(folder: Path, names: tuple[str, ...] = VOICES, sure_of: int | None = None, rate: int = 16_000) -> Path:
    torch.manual_seed(3)
    config = Wav2Vec2Config(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        conv_dim=(8, 8),
        conv_kernel=(10, 8),
        conv_stride=(80, 4),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=8,
        vocab_size=32,
        **named(names),
    )
    model = Wav2Vec2ForSequenceClassification(config)
    bias_towards(model.classifier, sure_of)
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=rate).save_pretrained(folder)
    return folder


def whisper_voice(folder: Path, sure_of: int) -> Path:
    """A classifier on the encoder of a Whisper, as the default for voices is."""
    config = WhisperConfig(
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_mel_bins=8,
        vocab_size=32,
        classifier_proj_size=8,
        pad_token_id=0,
        **named(("angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised")),
    )
    model = WhisperForAudioClassification(config)
    bias_towards(model.classifier, sure_of)
    model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=8).save_pretrained(folder)
    return folder


def bias_towards(layer: torch.nn.Linear, output: int | None) -> None:
    if output is not None:
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.zero_()
            layer.bias[output] = 6.0


def whisper(folder: Path, encoder_layers: int = 1, language: str = "de") -> Path:
    """A Whisper with byte tokens that takes every sound for `language` and says `SAID`."""
    torch.manual_seed(3)
    vocabulary = byte_vocabulary()
    names = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{one}|>" for one in LANGUAGES)]
    names += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    times = [f"<|{tick * 0.02:.2f}|>" for tick in range(1501)]
    words = WhisperTokenizer(vocab=vocabulary, merges=[])
    words.add_tokens([name for name in names if name not in words.get_vocab()], special_tokens=True)
    words.add_tokens(times)
    known = {name: words.convert_tokens_to_ids(name) for name in [*names, *times]}
    end, start = known["<|endoftext|>"], known["<|startoftranscript|>"]
    config = WhisperConfig(
        vocab_size=len(words),
        d_model=128,
        tie_word_embeddings=False,
        encoder_layers=encoder_layers,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_mel_bins=8,
        max_target_positions=96,
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
        decoder_start_token_id=start,
    )
    model = WhisperForConditionalGeneration(config)
    settings = GenerationConfig(
        decoder_start_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
        max_length=96,
        max_initial_timestamp_index=50,
    )
    settings.is_multilingual = True
    settings.lang_to_id = {f"<|{one}|>": known[f"<|{one}|>"] for one in LANGUAGES}
    settings.task_to_id = {"transcribe": known["<|transcribe|>"], "translate": known["<|translate|>"]}
    settings.no_timestamps_token_id = known["<|notimestamps|>"]
    settings.begin_suppress_tokens = None
    settings.suppress_tokens = None
    model.generation_config = settings
    write_script(model, known, vocabulary, language)
    model.save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(feature_size=8), words).save_pretrained(folder)
    return folder


SAID = ((" Ach. Bin", 0.0, 1.0), (" da.", 1.0, 2.0))
SAID_IN_ENGLISH = ((">HERE?-IS", 0.0, 1.0), (">IT!", 1.0, 2.0))
"""Segments as text, start and end in seconds; no character stands in both, and both have the same lengths."""


def write_script(model: Any, known: dict[str, int], vocabulary: dict[str, int], language: str) -> None:
    """Weights by which the position alone decides the next token, and the task which of the two scripts it is from.

    Attention hands on whether `<|translate|>` came before; all else of the decoder is silenced.
    """
    decoder = model.model.decoder
    width = model.config.d_model
    task, *rest = torch.linalg.qr(torch.randn(width, width))[0]
    positions = torch.stack(rest[: model.config.max_target_positions])
    with torch.no_grad():
        for layer in decoder.layers:
            for part in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.encoder_attn.out_proj, layer.fc2):
                part.weight.zero_()
                if part.bias is not None:
                    part.bias.zero_()
            for part in (layer.self_attn.v_proj, layer.self_attn.out_proj):
                part.weight.copy_(3 * torch.outer(task, task))
                part.bias.zero_()
        decoder.embed_positions.weight.copy_(10 * positions)
        decoder.embed_tokens.weight.zero_()
        decoder.embed_tokens.weight[known["<|translate|>"]] = 100 * task
        rows = model.proj_out.weight
        rows.zero_()
        rows[known[f"<|{language}|>"]] = 8 * positions[0]
        for script, strength, for_task in ((SAID, 8, -8), (SAID_IN_ENGLISH, 6, 8)):
            tokens: list[int] = []
            for text, start, end in script:
                spelled = [vocabulary[{" ": "Ġ"}.get(char, char)] for char in text]
                tokens += [known[f"<|{start:.2f}|>"], *spelled, known[f"<|{end:.2f}|>"]]
            tokens.append(known["<|endoftext|>"])
            for at, token in enumerate(tokens, start=2):
                rows[token] += (4 if token in known.values() else strength) * positions[at]
            for token in set(tokens):
                rows[token] += (4 if token in known.values() else for_task) * task


def with_code(folder: Path, mark: Path) -> Path:
    """Turn a checkpoint into one that brings code along, which would make the file `mark` if it ran."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["auto_map"] = {"AutoConfig": "evil.EvilConfig", "AutoModelForCausalLM": "evil.Evil"}
    config["model_type"] = "evil"
    path.write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"from pathlib import Path\nPath({str(mark)!r}).touch()\n")
    return folder
