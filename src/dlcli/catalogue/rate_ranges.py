"""Between which learning rates an optimizer works: a range for every one, with its source.

Optimizers live at different rates: plain SGD two decades above Adam, Lion one decade below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class RateRange:
    """A range of learning rates, both ends included.

    Attributes:
        low: Smallest rate.
        high: Greatest rate.
        source: Where an optimizer's natural rate is known from.
    """

    low: float
    high: float
    source: str

    @property
    def is_point(self) -> bool:
        """Whether there is nothing to search: the optimizer finds its step size itself."""
        return self.low == self.high


_SCHNEIDER = "Schneider et al. 2019 (DeepOBS) tune over 1e-5 to 1e2 and find the best rates here"
_SCHMIDT = "within the search space of Schmidt et al. 2021 (Crowded Valley)"

RANGES: Mapping[str, RateRange] = {
    "SGD": RateRange(1e-3, 1e1, _SCHNEIDER),
    "Momentum": RateRange(1e-4, 1.0, _SCHNEIDER),
    "Nesterov": RateRange(1e-4, 1.0, f"as momentum; {_SCHMIDT}"),
    "Adam": RateRange(1e-5, 1e-1, _SCHNEIDER),
    "AdamW": RateRange(1e-5, 1e-1, "as Adam: Loshchilov & Hutter 2019 change only the decay"),
    "Nadam": RateRange(1e-5, 1e-1, f"as Adam (Dozat 2016); {_SCHMIDT}"),
    "Adamax": RateRange(1e-5, 1e-1, "Kingma & Ba 2015 give 2e-3"),
    "RMSprop": RateRange(1e-5, 1e-1, f"Tieleman & Hinton 2012 give 1e-3; {_SCHMIDT}"),
    "Lamb": RateRange(1e-5, 1e-1, "You et al. 2020 give 1e-3 to 1e-2 for large batches"),
    "Adafactor": RateRange(1e-5, 1e-1, "Shazeer & Stern 2018 give 1e-2 relative to the weights"),
    "Adagrad": RateRange(1e-3, 1.0, "Duchi et al. 2011: the rate only falls, so it starts high"),
    "Ftrl": RateRange(1e-3, 1.0, "McMahan et al. 2013: the rate falls as Adagrad's"),
    "Adadelta": RateRange(1e-2, 1e1, "Zeiler 2012 has no rate, which is a rate of 1"),
    "Lion": RateRange(1e-6, 1e-2, "Chen et al. 2023: 3 to 10 times smaller than AdamW's"),
    "Muon": RateRange(1e-4, 1e-1, "Jordan et al. 2024 give 2e-2"),
    "ScheduleFreeAdamW": RateRange(1e-4, 1e-1, "Defazio et al. 2024 give 2.5e-3"),
}
"""By family: Keras's SGD is three optimizers in one (`catalogue.family`)."""
