"""Networks of Keras's own examples (keras.io/examples), written as configs.

The layers, their arguments, the loss and the optimizer are the examples'. What Keras writes as a
class of its own (patches, positions) is written with the layers that it holds or left out.
"""

from __future__ import annotations

from dlcli.data.description import DataDescription, TensorSpec

ONE = "input"


def described(name, task, inputs, classes=0, **more):
    """Return the description of a data set of the examples."""
    shapes = inputs if isinstance(inputs, dict) else {ONE: inputs}
    kinds = {
        key: "int32" if isinstance(shape, list) else "float32" for key, shape in shapes.items()
    }
    specs = {key: TensorSpec(tuple(shape), kinds[key]) for key, shape in shapes.items()}
    names = tuple(f"c{i}" for i in range(classes))
    shape = (classes,) if task == "multilabel" else more.pop("target_shape", ())
    return DataDescription(name, task, specs, names, shape, more.pop("size", 20000), 5000, **more)


FILES = {
    "newsgroups.npz": described("newsgroups", "multiclass", [None], 20, vocabulary_size=20000),
    "cats.npz": described("cats", "binary", (180, 180, 3), 2),
    "cifar.npz": described("cifar", "multiclass", (72, 72, 3), 100),
    "ford.npz": described("ford", "binary", (500, 1), 2, size=3000),
    "weather.npz": described("weather", "regression", (120, 7), size=300000),
    "addition.npz": described("addition", "multiclass", (7, 12), 12, target_shape=(4,), size=45000),
    "characters.npz": described("characters", "multiclass", (40, 56), 56, size=200000),
    "fraud.npz": described("fraud", "binary", (30,), 2, size=227845),
    "heart.npz": described("heart", "binary", (36,), 2, size=242),
    "cover.npz": described("cover", "multiclass", (54,), 7, size=400000),
    "films.npz": described("films", "regression", {"user": [1], "film": [1]}, size=90000),
    "points.npz": described("points", "multiclass", (2048, 3), 10, size=4000),
    "videos.npz": described("videos", "multiclass", (20, 2048), 5, size=600),
    "speakers.npz": described("speakers", "multiclass", (8000, 1), 5, size=6750),
    "eeg.npz": described("eeg", "multiclass", (512, 1), 6, size=10000),
    "wine.npz": described("wine", "regression", (11,), size=4000),
    "stories.npz": described(
        "stories", "multiclass", {"story": [552], "question": [5]}, 36, vocabulary_size=36
    ),
    "papers.npz": described("papers", "multilabel", (1500,), 40, size=32000),
    "scans.npz": described("scans", "binary", (128, 128, 64, 1), 2, size=140),
    "census.npz": described("census", "binary", {"wide": (40,), "deep": (60,)}, 2, size=32000),
}
"""What is known of the examples' data by the name of a file, which need not be there."""

MNIST_CONVNET = """
data: {dataset: mnist, batch_size: 128}
model:
  layers:
    - {Conv2D: {filters: 32, kernel_size: 3, activation: relu}}
    - {MaxPooling2D: {pool_size: 2}}
    - {Conv2D: {filters: 64, kernel_size: 3, activation: relu}}
    - {MaxPooling2D: {pool_size: 2}}
    - Flatten
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 15}
"""
BIDIRECTIONAL_LSTM_IMDB = """
data: {dataset: imdb, batch_size: 32}
model:
  layers:
    - {Embedding: {input_dim: 20000, output_dim: 128}}
    - {Bidirectional: {layer: {LSTM: {units: 64, return_sequences: true}}}}
    - {Bidirectional: {layer: {LSTM: {units: 64}}}}
    - {Dense: {units: 1, activation: sigmoid}}
compile: {loss: binary_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 2}
"""
TEXT_CLASSIFICATION_FROM_SCRATCH = """
data: {dataset: imdb, max_length: 500}
model:
  layers:
    - {Embedding: {input_dim: 20000, output_dim: 128}}
    - {Dropout: {rate: 0.5}}
    - {Conv1D: {filters: 128, kernel_size: 7, padding: valid, activation: relu, strides: 3}}
    - {Conv1D: {filters: 128, kernel_size: 7, padding: valid, activation: relu, strides: 3}}
    - GlobalMaxPooling1D
    - {Dense: {units: 128, activation: relu}}
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: 1, activation: sigmoid, name: predictions}}
compile: {loss: binary_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 3}
"""
IMDB_CNN_LSTM = """
data: {dataset: imdb, max_length: 100, batch_size: 30}
model:
  layers:
    - {Embedding: {input_dim: 20000, output_dim: 128}}
    - {Dropout: {rate: 0.25}}
    - {Conv1D: {filters: 64, kernel_size: 5, padding: valid, activation: relu, strides: 1}}
    - {MaxPooling1D: {pool_size: 4}}
    - {LSTM: {units: 70}}
    - {Dense: {units: 1}}
    - {Activation: {activation: sigmoid}}
compile: {loss: binary_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 2}
"""
IMDB_FASTTEXT = """
data: {dataset: imdb, max_length: 400}
model:
  layers:
    - {Embedding: {input_dim: 20000, output_dim: 50}}
    - GlobalAveragePooling1D
    - {Dense: {units: 1, activation: sigmoid}}
compile: {loss: binary_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 5}
"""
REUTERS_MLP = """
data: {dataset: reuters, vocabulary: 1000}
model:
  layers:
    - {CategoryEncoding: {num_tokens: $vocabulary_size, output_mode: multi_hot}}
    - {Dense: {units: 512}}
    - {Activation: {activation: relu}}
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: $classes}}
    - {Activation: {activation: softmax}}
compile: {loss: categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 5}
"""
REUTERS_MLP_SELU = """
data: {dataset: reuters, vocabulary: 1000, batch_size: 16}
model:
  layers:
    - {CategoryEncoding: {num_tokens: $vocabulary_size, output_mode: multi_hot}}
    - {Dense: {units: 16, kernel_initializer: lecun_normal}}
    - {Activation: {activation: selu}}
    - {AlphaDropout: {rate: 0.1}}
    - {Dense: {units: 16, kernel_initializer: lecun_normal}}
    - {Activation: {activation: selu}}
    - {AlphaDropout: {rate: 0.1}}
    - {Dense: {units: $classes}}
    - {Activation: {activation: softmax}}
compile: {loss: categorical_crossentropy, optimizer: sgd, metrics: [accuracy]}
fit: {epochs: 40}
"""
CIFAR10_CNN = """
data: {dataset: cifar10, batch_size: 32}
model:
  layers:
    - {Conv2D: {filters: 32, kernel_size: 3, padding: same}}
    - {Activation: {activation: relu}}
    - {Conv2D: {filters: 32, kernel_size: 3}}
    - {Activation: {activation: relu}}
    - {MaxPooling2D: {pool_size: 2}}
    - {Dropout: {rate: 0.25}}
    - {Conv2D: {filters: 64, kernel_size: 3, padding: same}}
    - {Activation: {activation: relu}}
    - {Conv2D: {filters: 64, kernel_size: 3}}
    - {Activation: {activation: relu}}
    - {MaxPooling2D: {pool_size: 2}}
    - {Dropout: {rate: 0.25}}
    - Flatten
    - {Dense: {units: 512}}
    - {Activation: {activation: relu}}
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: $classes}}
    - {Activation: {activation: softmax}}
compile:
  loss: categorical_crossentropy
  optimizer: {RMSprop: {learning_rate: 1e-4, weight_decay: 1e-6}}
  metrics: [accuracy]
fit: {epochs: 100}
"""
MINI_XCEPTION = """
data: {npz: {path: cats.npz}, batch_size: 128}
blocks:
  piece:
    params: [size]
    layers:
      - {Activation: {activation: relu}}
      - {SeparableConv2D: {filters: $size, kernel_size: 3, padding: same}}
      - BatchNormalization
      - {Activation: {activation: relu}}
      - {SeparableConv2D: {filters: $size, kernel_size: 3, padding: same}}
      - BatchNormalization
      - {MaxPooling2D: {pool_size: 3, strides: 2, padding: same}, id: body}
      - {Conv2D: {filters: $size, kernel_size: 1, strides: 2, padding: same}, from: $in, id: side}
      - {Add: {}, from: [body, side]}
model:
  layers:
    - {RandomFlip: {mode: horizontal}}
    - {RandomRotation: {factor: 0.1}}
    - {Rescaling: {scale: 0.00392156862745098}}
    - {Conv2D: {filters: 128, kernel_size: 3, strides: 2, padding: same}}
    - BatchNormalization
    - {Activation: {activation: relu}}
    - {use: piece, with: {size: 256}}
    - {use: piece, with: {size: 512}}
    - {use: piece, with: {size: 728}}
    - {SeparableConv2D: {filters: 1024, kernel_size: 3, padding: same}}
    - BatchNormalization
    - {Activation: {activation: relu}}
    - GlobalAveragePooling2D
    - {Dropout: {rate: 0.25}}
    - {Dense: {units: 1}}
compile:
  loss: {BinaryCrossentropy: {from_logits: true}}
  optimizer: {Adam: {learning_rate: 3e-4}}
  metrics: [accuracy]
fit: {epochs: 25}
"""
TIMESERIES_FCN = """
data: {npz: {path: ford.npz}, validation: 0.2, batch_size: 32}
model:
  layers:
    - {Conv1D: {filters: 64, kernel_size: 3, padding: same}}
    - BatchNormalization
    - ReLU
    - {Conv1D: {filters: 64, kernel_size: 3, padding: same}}
    - BatchNormalization
    - ReLU
    - {Conv1D: {filters: 64, kernel_size: 3, padding: same}}
    - BatchNormalization
    - ReLU
    - GlobalAveragePooling1D
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: sparse_categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit:
  epochs: 500
  callbacks:
    - {ModelCheckpoint: {filepath: best_model.keras, save_best_only: true, monitor: val_loss}}
    - {ReduceLROnPlateau: {monitor: val_loss, factor: 0.5, patience: 20, min_lr: 0.0001}}
    - {EarlyStopping: {monitor: val_loss, patience: 50, verbose: 1}}
"""
TIMESERIES_TRANSFORMER = """
data: {npz: {path: ford.npz}, validation: 0.2, batch_size: 64}
blocks:
  encoder:
    layers:
      - {MultiHeadAttention: {key_dim: 256, num_heads: 4, dropout: 0.25}, from: [$in, $in]}
      - {Dropout: {rate: 0.25}}
      - {LayerNormalization: {epsilon: 1e-6}, id: attended}
      - {Add: {}, from: [attended, $in], id: res}
      - {Conv1D: {filters: 4, kernel_size: 1, activation: relu}}
      - {Dropout: {rate: 0.25}}
      - {Conv1D: {filters: 1, kernel_size: 1}}
      - {LayerNormalization: {epsilon: 1e-6}, id: fed}
      - {Add: {}, from: [fed, res]}
model:
  layers:
    - {use: encoder, repeat: 4}
    - {GlobalAveragePooling1D: {data_format: channels_first}}
    - {Dense: {units: 128, activation: relu}}
    - {Dropout: {rate: 0.4}}
    - {Dense: {units: $classes, activation: softmax}}
compile:
  loss: sparse_categorical_crossentropy
  optimizer: {Adam: {learning_rate: 1e-4}}
  metrics: [accuracy]
fit:
  epochs: 150
  callbacks: [{EarlyStopping: {patience: 10, restore_best_weights: true}}]
"""
WEATHER_LSTM = """
data: {npz: {path: weather.npz}, batch_size: 256}
model:
  layers:
    - {LSTM: {units: 32}}
    - {Dense: {units: 1}}
compile: {loss: mse, optimizer: {Adam: {learning_rate: 0.001}}}
fit:
  epochs: 10
  callbacks: [{EarlyStopping: {monitor: val_loss, min_delta: 0, patience: 5}}]
"""
ADDITION_RNN = """
data: {npz: {path: addition.npz}, batch_size: 32}
model:
  layers:
    - {LSTM: {units: 128}}
    - {RepeatVector: {n: 4}}
    - {LSTM: {units: 128, return_sequences: true}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: sparse_categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 30}
"""
LSTM_TEXT_GENERATION = """
data: {npz: {path: characters.npz}, batch_size: 128}
model:
  layers:
    - {LSTM: {units: 128}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: categorical_crossentropy, optimizer: {RMSprop: {learning_rate: 0.01}}}
fit: {epochs: 40}
"""
VISION_TRANSFORMER = """
data: {npz: {path: cifar.npz}, batch_size: 256}
blocks:
  encoder:
    layers:
      - {LayerNormalization: {epsilon: 1e-6}, id: x1}
      - {MultiHeadAttention: {num_heads: 4, key_dim: 64, dropout: 0.1}, from: [x1, x1], id: att}
      - {Add: {}, from: [att, $in], id: x2}
      - {LayerNormalization: {epsilon: 1e-6}}
      - {Dense: {units: 128, activation: gelu}}
      - {Dropout: {rate: 0.1}}
      - {Dense: {units: 64, activation: gelu}}
      - {Dropout: {rate: 0.1}, id: x3}
      - {Add: {}, from: [x3, x2]}
model:
  layers:
    - {Resizing: {height: 72, width: 72}}
    - {RandomFlip: {mode: horizontal}}
    - {RandomRotation: {factor: 0.02}}
    - {RandomZoom: {height_factor: 0.2, width_factor: 0.2}}
    - {Conv2D: {filters: 64, kernel_size: 6, strides: 6}}
    - {Reshape: {target_shape: [144, 64]}}
    - {use: encoder, repeat: 8}
    - {LayerNormalization: {epsilon: 1e-6}}
    - Flatten
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: 2048, activation: gelu}}
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: 1024, activation: gelu}}
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: $classes}}
compile:
  loss: {SparseCategoricalCrossentropy: {from_logits: true}}
  optimizer: {AdamW: {learning_rate: 0.001, weight_decay: 0.0001}}
  metrics: [accuracy, "top_k:5"]
fit: {epochs: 10}
"""
MLP_MIXER = """
data: {npz: {path: cifar.npz}, batch_size: 128}
blocks:
  mixer:
    layers:
      - {LayerNormalization: {epsilon: 1e-6}}
      - {Permute: {dims: [2, 1]}}
      - {Dense: {units: 81, activation: gelu}}
      - {Dense: {units: 81}}
      - {Dropout: {rate: 0.2}}
      - {Permute: {dims: [2, 1]}, id: mixed}
      - {Add: {}, from: [mixed, $in], id: x}
      - {LayerNormalization: {epsilon: 1e-6}}
      - {Dense: {units: 256, activation: gelu}}
      - {Dense: {units: 256}}
      - {Dropout: {rate: 0.2}, id: fed}
      - {Add: {}, from: [fed, x]}
model:
  layers:
    - {Conv2D: {filters: 256, kernel_size: 8, strides: 8}}
    - {Reshape: {target_shape: [81, 256]}}
    - {use: mixer, repeat: 4}
    - GlobalAveragePooling1D
    - {Dropout: {rate: 0.2}}
    - {Dense: {units: $classes}}
compile:
  loss: {SparseCategoricalCrossentropy: {from_logits: true}}
  optimizer: {Adam: {learning_rate: 0.005, weight_decay: 0.0001}}
  metrics: [accuracy]
fit:
  epochs: 20
  callbacks:
    - {ReduceLROnPlateau: {monitor: val_loss, factor: 0.5, patience: 5}}
    - {EarlyStopping: {monitor: val_loss, patience: 10, restore_best_weights: true}}
"""
CONV_MIXER = """
data: {dataset: cifar10, batch_size: 128}
blocks:
  mixer:
    layers:
      - {DepthwiseConv2D: {kernel_size: 5, padding: same}}
      - {Activation: {activation: gelu}}
      - {BatchNormalization: {}, id: deep}
      - {Add: {}, from: [deep, $in]}
      - {Conv2D: {filters: 256, kernel_size: 1}}
      - {Activation: {activation: gelu}}
      - BatchNormalization
model:
  layers:
    - {Conv2D: {filters: 256, kernel_size: 2, strides: 2}}
    - {Activation: {activation: gelu}}
    - BatchNormalization
    - {use: mixer, repeat: 8}
    - GlobalAveragePooling2D
    - {Dense: {units: $classes, activation: softmax}}
compile:
  loss: sparse_categorical_crossentropy
  optimizer: {AdamW: {learning_rate: 0.001, weight_decay: 0.0001}}
  metrics: [accuracy]
fit: {epochs: 10}
"""
COMPACT_TRANSFORMER = """
data: {dataset: cifar10, batch_size: 128}
blocks:
  encoder:
    layers:
      - {LayerNormalization: {epsilon: 1e-5}, id: x1}
      - {MultiHeadAttention: {num_heads: 2, key_dim: 128, dropout: 0.1}, from: [x1, x1], id: att}
      - {Add: {}, from: [att, $in], id: x2}
      - {LayerNormalization: {epsilon: 1e-5}}
      - {Dense: {units: 128, activation: gelu}}
      - {Dropout: {rate: 0.1}}
      - {Dense: {units: 128, activation: gelu}}
      - {Dropout: {rate: 0.1}, id: x3}
      - {Add: {}, from: [x3, x2]}
model:
  layers:
    - {RandomCrop: {height: 32, width: 32}}
    - {RandomFlip: {mode: horizontal}}
    - {Conv2D: {filters: 64, kernel_size: 3, padding: valid, use_bias: false, activation: relu,
                kernel_initializer: he_normal}}
    - ZeroPadding2D
    - {MaxPooling2D: {pool_size: 3, strides: 2, padding: same}}
    - {Conv2D: {filters: 128, kernel_size: 3, padding: valid, use_bias: false, activation: relu,
                kernel_initializer: he_normal}}
    - ZeroPadding2D
    - {MaxPooling2D: {pool_size: 3, strides: 2, padding: same}}
    - {Reshape: {target_shape: [-1, 128]}}
    - {use: encoder, repeat: 2}
    - {LayerNormalization: {epsilon: 1e-5}, id: representation}
    - {Dense: {units: 1}}
    - {Softmax: {axis: 1}, id: attention}
    - {Dot: {axes: 1}, from: [attention, representation]}
    - Flatten
    - {Dense: {units: $classes}}
compile:
  loss: {CategoricalCrossentropy: {from_logits: true, label_smoothing: 0.1}}
  optimizer: {AdamW: {learning_rate: 0.001, weight_decay: 0.0001}}
  metrics: [accuracy]
fit: {epochs: 30}
"""
TEXT_TRANSFORMER = """
data: {npz: {path: newsgroups.npz}, batch_size: 32}
model:
  layers:
    - {Embedding: {input_dim: 20000, output_dim: 32}, id: tokens}
    - {MultiHeadAttention: {num_heads: 2, key_dim: 32}, from: [tokens, tokens]}
    - {Dropout: {rate: 0.1}, id: attended}
    - {Add: {}, from: [attended, tokens]}
    - {LayerNormalization: {epsilon: 1e-6}, id: out1}
    - {Dense: {units: 32, activation: relu}}
    - {Dense: {units: 32}}
    - {Dropout: {rate: 0.1}, id: fed}
    - {Add: {}, from: [out1, fed]}
    - {LayerNormalization: {epsilon: 1e-6}}
    - GlobalAveragePooling1D
    - {Dropout: {rate: 0.1}}
    - {Dense: {units: 20, activation: relu}}
    - {Dropout: {rate: 0.1}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: sparse_categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 2}
"""
STRUCTURED_DATA = """
data: {npz: {path: heart.npz}, validation: 0.2}
model:
  layers:
    - Normalization
    - {Dense: {units: 32, activation: relu}}
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: 1, activation: sigmoid}}
compile: {loss: binary_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 50}
"""
IMBALANCED = """
data: {npz: {path: fraud.npz}, batch_size: 2048}
model:
  layers:
    - Normalization
    - {Dense: {units: 256, activation: relu}}
    - {Dense: {units: 256, activation: relu}}
    - {Dropout: {rate: 0.3}}
    - {Dense: {units: 256, activation: relu}}
    - {Dropout: {rate: 0.3}}
    - {Dense: {units: 1, activation: sigmoid}}
compile:
  loss: binary_crossentropy
  optimizer: {Adam: {learning_rate: 1e-2}}
  metrics: [precision, recall]
fit: {epochs: 30, class_weight: {0: 4.4e-6, 1: 0.0024}}
"""
WIDE_AND_DEEP = """
data: {npz: {path: census.npz}, batch_size: 265}
model:
  inputs: [wide, deep]
  layers:
    - {BatchNormalization: {}, from: wide, id: broad}
    - {Dense: {units: 32}, from: deep}
    - BatchNormalization
    - ReLU
    - {Dropout: {rate: 0.1}}
    - {Dense: {units: 32}}
    - BatchNormalization
    - ReLU
    - {Dropout: {rate: 0.1}, id: narrow}
    - {Concatenate: {}, from: [broad, narrow]}
    - {Dense: {units: $classes, activation: softmax}, id: income}
  outputs: income
compile:
  loss: sparse_categorical_crossentropy
  optimizer: {Adam: {learning_rate: 0.001}}
  metrics: [accuracy]
fit: {epochs: 50}
"""
COLLABORATIVE_FILTERING = """
data: {npz: {path: films.npz}, batch_size: 64}
model:
  inputs: [user, film]
  layers:
    - {Embedding: {input_dim: 610, output_dim: 50, embeddings_initializer: he_normal,
                   embeddings_regularizer: {L2: {l2: 1e-6}}}, from: user, id: of_user}
    - {Embedding: {input_dim: 9724, output_dim: 50, embeddings_initializer: he_normal,
                   embeddings_regularizer: {L2: {l2: 1e-6}}}, from: film, id: of_film}
    - {Dot: {axes: 2}, from: [of_user, of_film]}
    - Flatten
    - {Activation: {activation: sigmoid}, id: rating}
  outputs: rating
compile: {loss: binary_crossentropy, optimizer: {Adam: {learning_rate: 0.001}}}
fit: {epochs: 5}
"""
MNIST_IRNN = """
data: {dataset: sequential_mnist_5k, order: pixels, batch_size: 32}
model:
  layers:
    - SimpleRNN:
        units: 100
        activation: relu
        kernel_initializer: {RandomNormal: {stddev: 0.001}}
        recurrent_initializer: {Identity: {gain: 1.0}}
    - {Dense: {units: $classes}}
    - {Activation: {activation: softmax}}
compile:
  loss: categorical_crossentropy
  optimizer: {RMSprop: {learning_rate: 1e-6}}
  metrics: [accuracy]
fit: {epochs: 200}
"""
POINTNET = """
data: {npz: {path: points.npz}, batch_size: 32}
blocks:
  pointwise:
    params: [filters]
    layers:
      - {Conv1D: {filters: $filters, kernel_size: 1, padding: valid}}
      - {BatchNormalization: {momentum: 0.0}}
      - {Activation: {activation: relu}}
  full:
    params: [units]
    layers:
      - {Dense: {units: $units}}
      - {BatchNormalization: {momentum: 0.0}}
      - {Activation: {activation: relu}}
  transform:
    params: [features, numbers]
    layers:
      - {use: pointwise, with: {filters: 32}}
      - {use: pointwise, with: {filters: 64}}
      - {use: pointwise, with: {filters: 512}}
      - GlobalMaxPooling1D
      - {use: full, with: {units: 256}}
      - {use: full, with: {units: 128}}
      - {Dense: {units: $numbers, kernel_initializer: zeros,
                 bias_initializer: {Constant: {value: 0.1}},
                 activity_regularizer: {L2: {l2: 0.001}}}}
      - {Reshape: {target_shape: [$features, $features]}, id: matrix}
      - {Dot: {axes: [2, 1]}, from: [$in, matrix]}
model:
  layers:
    - {use: transform, with: {features: 3, numbers: 9}}
    - {use: pointwise, with: {filters: 32}}
    - {use: pointwise, with: {filters: 32}}
    - {use: transform, with: {features: 32, numbers: 1024}}
    - {use: pointwise, with: {filters: 32}}
    - {use: pointwise, with: {filters: 64}}
    - {use: pointwise, with: {filters: 512}}
    - GlobalMaxPooling1D
    - {use: full, with: {units: 256}}
    - {Dropout: {rate: 0.3}}
    - {use: full, with: {units: 128}}
    - {Dropout: {rate: 0.3}}
    - {Dense: {units: $classes, activation: softmax}}
compile:
  loss: sparse_categorical_crossentropy
  optimizer: {Adam: {learning_rate: 0.001}}
  metrics: [accuracy]
fit: {epochs: 20}
"""
VIDEO_RNN = """
data: {npz: {path: videos.npz}, validation: 0.3}
model:
  layers:
    - Masking
    - {GRU: {units: 16, return_sequences: true}}
    - {GRU: {units: 8}}
    - {Dropout: {rate: 0.4}}
    - {Dense: {units: 8, activation: relu}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: sparse_categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 10}
"""
SPEAKER_RECOGNITION = """
data: {npz: {path: speakers.npz}, batch_size: 128}
blocks:
  residual:
    params: [filters, number]
    layers:
      - {Conv1D: {filters: $filters, kernel_size: 1, padding: same}, from: $in, id: side}
      - {Conv1D: {filters: $filters, kernel_size: 3, padding: same}, from: $in}
      - {Activation: {activation: relu}}
      - {Conv1D: {filters: $filters, kernel_size: 3, padding: same}, id: body}
      - {Add: {}, from: [body, side]}
      - {Activation: {activation: relu}}
      - {MaxPooling1D: {pool_size: 2, strides: 2}}
model:
  layers:
    - {use: residual, with: {filters: 16, number: 2}}
    - {use: residual, with: {filters: 32, number: 2}}
    - {use: residual, with: {filters: 64, number: 3}}
    - {use: residual, with: {filters: 128, number: 3}}
    - {AveragePooling1D: {pool_size: 3, strides: 3}}
    - Flatten
    - {Dense: {units: 256, activation: relu}}
    - {Dense: {units: 128, activation: relu}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: sparse_categorical_crossentropy, optimizer: Adam, metrics: [accuracy]}
fit:
  epochs: 100
  callbacks: [{EarlyStopping: {patience: 10, restore_best_weights: true}}]
"""
EEG = """
data: {npz: {path: eeg.npz}, batch_size: 64}
model:
  layers:
    - {Conv1D: {filters: 32, kernel_size: 3, strides: 2, activation: relu, padding: same}}
    - BatchNormalization
    - {Conv1D: {filters: 64, kernel_size: 3, strides: 2, activation: relu, padding: same}}
    - BatchNormalization
    - {Conv1D: {filters: 128, kernel_size: 5, strides: 2, activation: relu, padding: same}}
    - BatchNormalization
    - {Conv1D: {filters: 256, kernel_size: 5, strides: 2, activation: relu, padding: same}}
    - BatchNormalization
    - {Conv1D: {filters: 512, kernel_size: 7, strides: 2, activation: relu, padding: same}}
    - BatchNormalization
    - {Conv1D: {filters: 1024, kernel_size: 7, strides: 2, activation: relu, padding: same}}
    - BatchNormalization
    - {Dropout: {rate: 0.2}}
    - Flatten
    - {Dense: {units: 4096, activation: relu}}
    - {Dropout: {rate: 0.2}}
    - {Dense: {units: 2048, activation: relu, kernel_regularizer: L2}}
    - {Dropout: {rate: 0.2}}
    - {Dense: {units: 1024, activation: relu, kernel_regularizer: L2}}
    - {Dropout: {rate: 0.2}}
    - {Dense: {units: 128, activation: relu, kernel_regularizer: L2}}
    - {Dense: {units: $classes, activation: softmax}}
compile:
  loss: categorical_crossentropy
  optimizer: {Adam: {amsgrad: true, learning_rate: 0.001}}
  metrics: [accuracy, auc]
fit:
  epochs: 30
  callbacks:
    - {ReduceLROnPlateau: {monitor: val_top_k, factor: 0.2, patience: 2, min_lr: 0.000001}}
"""
BAYESIAN_BASELINE = """
data: {npz: {path: wine.npz}, batch_size: 256}
model:
  layers:
    - BatchNormalization
    - {Dense: {units: 8, activation: sigmoid}}
    - {Dense: {units: 8, activation: sigmoid}}
    - {Dense: {units: 1}}
compile: {loss: mse, optimizer: {RMSprop: {learning_rate: 0.001}}, metrics: [rmse]}
fit: {epochs: 100}
"""
DISTILLED_STUDENT = """
data: {dataset: mnist, batch_size: 64}
model:
  layers:
    - {Conv2D: {filters: 16, kernel_size: 3, strides: 2, padding: same}}
    - {LeakyReLU: {negative_slope: 0.2}}
    - {MaxPooling2D: {pool_size: 2, strides: 1, padding: same}}
    - {Conv2D: {filters: 32, kernel_size: 3, strides: 2, padding: same}}
    - Flatten
    - {Dense: {units: $classes}}
compile:
  loss: {SparseCategoricalCrossentropy: {from_logits: true}}
  optimizer: adam
  metrics: [accuracy]
fit: {epochs: 5}
"""
BABI_RNN = """
data: {npz: {path: stories.npz}, batch_size: 32}
model:
  inputs: [story, question]
  layers:
    - {Embedding: {input_dim: 36, output_dim: 50}, from: story}
    - {LSTM: {units: 50}, id: told}
    - {Embedding: {input_dim: 36, output_dim: 50}, from: question}
    - {LSTM: {units: 50}, id: asked}
    - {Concatenate: {}, from: [told, asked]}
    - {Dense: {units: $classes, activation: softmax}, id: answer}
  outputs: answer
compile: {loss: categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 20}
"""
ACTIVE_LEARNING = """
data: {dataset: imdb, vocabulary: 3000, max_length: 150, batch_size: 256}
model:
  layers:
    - {Embedding: {input_dim: 3000, output_dim: 128}}
    - {Bidirectional: {layer: {LSTM: {units: 32, return_sequences: true}}}}
    - GlobalMaxPooling1D
    - {Dense: {units: 20, activation: relu}}
    - {Dropout: {rate: 0.5}}
    - {Dense: {units: 1, activation: sigmoid}}
compile: {loss: binary_crossentropy, optimizer: rmsprop, metrics: [accuracy]}
fit:
  epochs: 20
  callbacks: [{EarlyStopping: {patience: 4, verbose: 1}}]
"""
MULTI_LABEL = """
data: {npz: {path: papers.npz}, batch_size: 128}
model:
  layers:
    - {Dense: {units: 512, activation: relu}}
    - {Dense: {units: 256, activation: relu}}
    - {Dense: {units: $classes, activation: sigmoid}}
compile: {loss: binary_crossentropy, optimizer: adam, metrics: [binary_accuracy]}
fit: {epochs: 20}
"""
CT_SCANS = """
data: {npz: {path: scans.npz}, batch_size: 2, validation: 0.3}
model:
  layers:
    - {Conv3D: {filters: 64, kernel_size: 3, activation: relu}}
    - {MaxPooling3D: {pool_size: 2}}
    - BatchNormalization
    - {Conv3D: {filters: 64, kernel_size: 3, activation: relu}}
    - {MaxPooling3D: {pool_size: 2}}
    - BatchNormalization
    - {Conv3D: {filters: 128, kernel_size: 3, activation: relu}}
    - {MaxPooling3D: {pool_size: 2}}
    - BatchNormalization
    - {Conv3D: {filters: 256, kernel_size: 3, activation: relu}}
    - {MaxPooling3D: {pool_size: 2}}
    - BatchNormalization
    - GlobalAveragePooling3D
    - {Dense: {units: 512, activation: relu}}
    - {Dropout: {rate: 0.3}}
    - {Dense: {units: 1, activation: sigmoid}}
compile:
  loss: binary_crossentropy
  optimizer:
    Adam:
      learning_rate:
        ExponentialDecay:
          {initial_learning_rate: 0.0001, decay_steps: 2000, decay_rate: 0.9, staircase: false}
  metrics: [accuracy]
fit:
  epochs: 100
  callbacks: [{EarlyStopping: {monitor: val_accuracy, patience: 15}}]
"""
MIXUP = """
data: {dataset: fashion_mnist, batch_size: 64}
model:
  layers:
    - {Conv2D: {filters: 64, kernel_size: 3, activation: relu}}
    - {MaxPooling2D: {pool_size: 2}}
    - {Conv2D: {filters: 32, kernel_size: 3, activation: relu}}
    - {MaxPooling2D: {pool_size: 2}}
    - {Dropout: {rate: 0.3}}
    - {GlobalAveragePooling2D: {}}
    - {Dense: {units: 128, activation: relu}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {loss: categorical_crossentropy, optimizer: adam, metrics: [accuracy]}
fit: {epochs: 10}
"""
MOBILE_VIT_STEM = """
data: {npz: {path: cifar.npz}, batch_size: 64}
blocks:
  inverted:
    params: {channels: 16, expanded: 32}
    layers:
      - {Conv2D: {filters: $expanded, kernel_size: 1, padding: same, use_bias: false}}
      - BatchNormalization
      - {Activation: {activation: swish}}
      - {DepthwiseConv2D: {kernel_size: 3, padding: same, use_bias: false}}
      - BatchNormalization
      - {Activation: {activation: swish}}
      - {Conv2D: {filters: $channels, kernel_size: 1, padding: same, use_bias: false}}
      - BatchNormalization
model:
  layers:
    - {Rescaling: {scale: 0.00392156862745098}}
    - {Conv2D: {filters: 16, kernel_size: 3, strides: 2, padding: same, activation: swish}}
    - {use: inverted, with: {channels: 16, expanded: 32}}
    - {use: inverted, with: {channels: 24, expanded: 32}}
    - {use: inverted, with: {channels: 48, expanded: 64}}
    - {Conv2D: {filters: 320, kernel_size: 1, padding: same, activation: swish}}
    - GlobalAveragePooling2D
    - {Dense: {units: $classes, activation: softmax}}
compile:
  loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}
  optimizer: {Adam: {learning_rate: 0.002}}
  metrics: [accuracy]
fit: {epochs: 30}
"""

ARCHITECTURES = {
    "vision/mnist_convnet": MNIST_CONVNET,
    "nlp/bidirectional_lstm_imdb": BIDIRECTIONAL_LSTM_IMDB,
    "nlp/text_classification_from_scratch": TEXT_CLASSIFICATION_FROM_SCRATCH,
    "imdb_cnn_lstm": IMDB_CNN_LSTM,
    "imdb_fasttext": IMDB_FASTTEXT,
    "reuters_mlp": REUTERS_MLP,
    "reuters_mlp_relu_vs_selu": REUTERS_MLP_SELU,
    "cifar10_cnn": CIFAR10_CNN,
    "vision/image_classification_from_scratch": MINI_XCEPTION,
    "timeseries/timeseries_classification_from_scratch": TIMESERIES_FCN,
    "timeseries/timeseries_classification_transformer": TIMESERIES_TRANSFORMER,
    "timeseries/timeseries_weather_forecasting": WEATHER_LSTM,
    "nlp/addition_rnn": ADDITION_RNN,
    "generative/lstm_character_level_text_generation": LSTM_TEXT_GENERATION,
    "vision/image_classification_with_vision_transformer": VISION_TRANSFORMER,
    "vision/mlp_image_classification": MLP_MIXER,
    "vision/convmixer": CONV_MIXER,
    "vision/cct": COMPACT_TRANSFORMER,
    "nlp/text_classification_with_transformer": TEXT_TRANSFORMER,
    "structured_data/structured_data_classification_from_scratch": STRUCTURED_DATA,
    "structured_data/imbalanced_classification": IMBALANCED,
    "structured_data/wide_deep_cross_networks": WIDE_AND_DEEP,
    "structured_data/collaborative_filtering_movielens": COLLABORATIVE_FILTERING,
    "mnist_irnn": MNIST_IRNN,
    "vision/pointnet": POINTNET,
    "vision/video_classification": VIDEO_RNN,
    "audio/speaker_recognition_using_cnn": SPEAKER_RECOGNITION,
    "timeseries/eeg_signal_classification": EEG,
    "keras_recipes/bayesian_neural_networks": BAYESIAN_BASELINE,
    "vision/knowledge_distillation": DISTILLED_STUDENT,
    "babi_rnn": BABI_RNN,
    "nlp/active_learning_review_classification": ACTIVE_LEARNING,
    "nlp/multi_label_classification": MULTI_LABEL,
    "vision/3D_image_classification": CT_SCANS,
    "vision/mixup": MIXUP,
    "vision/mobilevit": MOBILE_VIT_STEM,
}
"""By the example's name."""
