"""What the fork server imports once, so that no worker has to: TensorFlow and the trials.

Importing it is all there is to it.
"""

from __future__ import annotations

import os

# One thread a worker, in every library that would start more.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from dlcli.runtime.memory import limit_to_machine  # noqa: E402
from dlcli.runtime.quiet import OPTIONAL, sparing, uncollected  # noqa: E402
from dlcli.runtime.xla_cache import remember_compiled  # noqa: E402

limit_to_machine()
remember_compiled()
# Workers write no models, so that they can do without Keras's h5py as well.
with sparing((*OPTIONAL, "h5py")):
    import tensorflow as tf  # noqa: F401
with uncollected():
    import dlcli.compare.worker  # noqa: F401
