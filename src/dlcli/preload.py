"""What the fork server imports once, so that no worker has to: TensorFlow and the trials.

Importing it is all there is to it.
"""

from __future__ import annotations

import os

# One thread a worker, in every library that would start more.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from dlcli.quiet import (  # noqa: E402
    OPTIONAL,
    deferred,
    held_back_stderr,
    hidden,
    silence_tensorflow,
    uncollected,
)
from dlcli.store.xla_cache import remember_compiled  # noqa: E402

silence_tensorflow()
remember_compiled()
with held_back_stderr(), uncollected():
    # Workers write no models, so that they can do without Keras's h5py as well.
    with hidden((*OPTIONAL, "h5py")), deferred():
        import tensorflow as tf  # noqa: F401
    import dlcli.workshop  # noqa: F401
