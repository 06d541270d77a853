"""Optimizers that people ask for and Keras does not have, for Keras with or without dlcli.

    from dlcli.optimizers import Prodigy

    model.compile(optimizer=Prodigy(), loss="mse")

Each is an ordinary `keras.optimizers.Optimizer` in a file of its own, which gives its paper, its
formula, the paper's defaults, and the learning rates to search with their source. In a config, they
stand beside Keras's: `optimizers: [AdamW, Prodigy, {SOAP: {precondition_frequency: 5}}]`.
"""

from dlcli.optimizers.adabelief import AdaBelief
from dlcli.optimizers.adan import Adan
from dlcli.optimizers.ademamix import AdEMAMix
from dlcli.optimizers.adopt import ADOPT
from dlcli.optimizers.dadapt_adam import DAdaptAdam
from dlcli.optimizers.dog import DoG
from dlcli.optimizers.lars import LARS
from dlcli.optimizers.mars import MARS
from dlcli.optimizers.prodigy import Prodigy
from dlcli.optimizers.radam import RAdam
from dlcli.optimizers.schedule_free_sgd import ScheduleFreeSGD
from dlcli.optimizers.signum import Signum
from dlcli.optimizers.soap import SOAP

__all__ = [
    "ADOPT",
    "LARS",
    "MARS",
    "SOAP",
    "AdEMAMix",
    "AdaBelief",
    "Adan",
    "DAdaptAdam",
    "DoG",
    "Prodigy",
    "RAdam",
    "ScheduleFreeSGD",
    "Signum",
]

SOPHIA = (
    "needs an estimate of the Hessian's diagonal: a second backward pass through the loss, on "
    "labels drawn from the model, of which Keras's optimizers see nothing (they get gradients "
    "only); AdaBelief and SOAP come closest"
)

LEFT_OUT = {"Sophia": ("Adam with a diagonal Hessian as denominator (Liu et al. 2023).", SOPHIA)}
"""Optimizers that cannot be had: what they are, and why not, which follows a name."""
