"""What an argument's name says throughout Keras, where docstrings say less or say it differently.

A rule is a regular expression that matches the whole of `argument` or of `Class.argument`; the
first that matches wins. The rules state types, or limits of the types that the docstring states.
Whatever they propose is still held against the class by `probing`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dlcli.catalogue.signature import Bounds, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

NULL = Type("null")
BOOLEAN = Type("boolean")
INTEGER = Type("integer")
NUMBER = Type("number")
STRING = Type("string")
PATH = Type("path")
OBJECT = Type("object")
ANY = Type("any")


def array(*items: Type, length: int | None = None) -> Type:
    """Return the type of an array of such items, of a fixed length if one is given."""
    return Type("array", minimum=length, maximum=length, items=items)


def entry(kind: str) -> Type:
    """Return the type of a nested catalogue entry."""
    return Type("entry", kind=kind)


def one_of(*choices: str) -> Type:
    """Return the type of a string that is one of the choices."""
    return Type("string", choices=choices)


_FLOATS = ("float16", "bfloat16", "float32", "float64")
_WHOLE = ("uint8", "uint16", "uint32", "uint64", "int16", "int32", "int64")
_DTYPE = one_of(*_FLOATS, "mixed_float16", "mixed_bfloat16", *_WHOLE, "bool", "string")

_TYPES: tuple[tuple[str, tuple[Type, ...]], ...] = (
    (r"\w+_initializer", (entry("initializers"), NULL)),
    (r"\w+_regularizer", (entry("regularizers"), NULL)),
    (r"\w+_constraint", (entry("constraints"), NULL)),
    (r"Activation\.activation", (entry("activations"), entry("layers"))),
    (r"activation|recurrent_activation", (entry("activations"), entry("layers"), NULL)),
    (r"learning_rate", (NUMBER, entry("schedules"))),
    (r"inner_optimizer", (entry("optimizers"),)),
    (r"layer", (entry("layers"),)),
    (r"backward_layer", (entry("layers"), NULL)),
    (r"cell", (entry("layers"), array(entry("layers")))),
    (r"cells|layers", (array(entry("layers")),)),
    (r"name|monitor|encoding|separator|equation|bias_axes", (STRING,)),
    (r"filename|filepath|log_dir", (PATH,)),
    (r"dtype|reverse_dtype", (_DTYPE,)),
    (r"data_format", (one_of("channels_last", "channels_first"),)),
    (r"trainable|autocast|antialias|flash_attention|use_scale", (BOOLEAN,)),
    (r"seed|ignore_class|top_k|max_tokens|max_number|lora_rank", (INTEGER,)),
    (r"gptq_unpacked_column_size", (INTEGER,)),
    (r"patience|cooldown|verbose|start_from_epoch|histogram_freq|embeddings_freq", (INTEGER,)),
    (r"lora_alpha|logit_soft_cap|baseline|threshold|default_value|decay_steps", (NUMBER,)),
    (r"first_decay_steps|min_delta", (NUMBER,)),
    (r"Concatenate\.axis", (INTEGER,)),
    (r"axis", (INTEGER, array(INTEGER), NULL)),
    (r"axes|\w+_axes", (INTEGER, array(INTEGER))),
    (r"noise_shape", (array(INTEGER, NULL),)),
    (r"EinsumDense\.output_shape", (INTEGER, array(INTEGER, NULL))),
    (r"MultiHeadAttention\.output_shape", (INTEGER, array(INTEGER))),
    (r"target_shape|dims|target_class_ids", (array(INTEGER),)),
    (r"ngrams", (INTEGER, array(INTEGER))),
    (r"Conv\dDTranspose\.output_padding", (INTEGER, array(INTEGER))),
    (r"value_range", (array(NUMBER, length=2),)),
    (r"weights", (array(),)),
    (r"vocabulary", (array(), PATH)),
    (r"idf_weights|bin_boundaries|label_weights|boundaries|values", (array(NUMBER),)),
    (r"mask_token|oov_token|Hashing\.mask_value", (STRING, INTEGER)),
    (r"window", (STRING, array(NUMBER), NULL)),
    (r"salt", (INTEGER, array(INTEGER, length=2))),
    (r"Normalization\.(mean|variance)|Rescaling\.(scale|offset)", (NUMBER, array())),
    (r"RandomErasing\.fill_value", (NUMBER, array(NUMBER, length=3))),
    (r"Constant\.value", (NUMBER, array())),
    (r"CategoricalFocalCrossentropy\.alpha", (NUMBER, array(NUMBER))),
    (r"weight_decay", (NUMBER, NULL)),
    (r"renorm_clipping", (Type("object", items=(NUMBER,)),)),
    (r"TensorBoard\.profile_batch", (INTEGER, array(INTEGER, length=2), STRING)),
    (r"TensorBoard\.embeddings_metadata", (OBJECT, STRING)),
    (r"quantization_config", (NULL,)),
)
"""Types by name; null is added where it is the default."""

_AT_LEAST_1 = Bounds(minimum=1)
_AT_LEAST_0 = Bounds(minimum=0)
_MORE_THAN_0 = Bounds(minimum=0, exclusive=True)
_FRACTION = Bounds(minimum=0, maximum=1)

_LIMITS: tuple[tuple[str, Bounds], ...] = (
    (r"filters|units|Conv\dD\.groups|n|height|width|size|output_size|pool_size", _AT_LEAST_1),
    (r"kernel_size|strides|dilation_rate|depth_multiplier|tile_grid_size", _AT_LEAST_1),
    (r"num_\w*heads|head_dim|key_dim|value_dim|input_dim|output_dim|sliding_window", _AT_LEAST_1),
    (r"num_tokens|num_classes|num_labels|max_tokens|top_k|k|dims|lora_rank", _AT_LEAST_1),
    (r"output_sequence_length|ngrams|power_iterations|ns_steps|bins|num_bins", _AT_LEAST_1),
    (r"fft_length|frame_length|frame_step|sequence_stride|sequence_length", _AT_LEAST_1),
    (r"sampling_rate|num_mel_bins|num_chains|chain_depth|max_number", _AT_LEAST_1),
    (r"gradient_accumulation_steps|ema_overwrite_frequency|dynamic_growth_steps", _AT_LEAST_1),
    (r"save_freq|update_freq", _AT_LEAST_1),
    (r"decay_steps|first_decay_steps|clipnorm|clipvalue|global_clipnorm", _MORE_THAN_0),
    (r"loss_scale_factor|initial_scale|lora_alpha|t_mul", _MORE_THAN_0),
    (r"d0|d_coef|trust_coefficient|initial_distance", _MORE_THAN_0),
    (r"growth_rate", _AT_LEAST_1),
    (r"learning_rate|initial_learning_rate|end_learning_rate|warmup_target", _AT_LEAST_0),
    (r"min_lr|adam_lr_ratio|\w*weight_decay|epsilon(_\d)?|min_delta", _AT_LEAST_0),
    (r"patience|cooldown|verbose|start_from_epoch|\w+_freq|warmup_steps", _AT_LEAST_0),
    (r"num_oov_indices|num_regressors|class_id|target_class_ids|profile_batch", _AT_LEAST_0),
    (r"output_padding|cropping|ZeroPadding\dD\.padding|num_ops", _AT_LEAST_0),
    (r"stddev|gamma|delta|clip_exponent|AdEMAMix\.alpha", _AT_LEAST_0),
    (r"(adam_)?beta_[12]|rho|momentum|\w+_momentum|label_smoothing", _FRACTION),
    (r"dropout|recurrent_dropout|rate|ReduceLROnPlateau\.factor", _FRACTION),
    (r"target_shape", Bounds(minimum=-1)),
)
"""Limits of numbers by name, where Keras takes values that it cannot mean."""


def types_by_name(owner: str, name: str) -> tuple[Type, ...] | None:
    """Return the types that the name of a class's argument stands for, or None."""
    return next((types for pattern, types in _TYPES if _matches(pattern, owner, name)), None)


def limited_by_name(types: Iterable[Type], owner: str, name: str) -> tuple[Type, ...]:
    """Give numbers, also those in arrays, the limits that the argument's name stands for."""
    for pattern, bounds in _LIMITS:
        if _matches(pattern, owner, name):
            return tuple(_limited(type_, bounds) for type_ in types)
    return tuple(types)


def _matches(pattern: str, owner: str, name: str) -> bool:
    return bool(re.fullmatch(pattern, name) or re.fullmatch(pattern, f"{owner}.{name}"))


def _limited(type_: Type, bounds: Bounds) -> Type:
    if type_.name == "array":
        return replace(type_, items=tuple(_limited(item, bounds) for item in type_.items))
    if type_.name in ("integer", "number"):
        return replace(type_, **vars(bounds))
    return type_
