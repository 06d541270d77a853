"""Run independent implementations of the optimizers and keep what they do in `runs.npz`.

They are optax (for JAX), and for PyTorch the authors' prodigyopt, dadaptation and schedulefree, and
pytorch_optimizer. dlcli needs none of them, so they belong into an environment of their own:

    python -m venv reference && reference/bin/pip install optax prodigyopt dadaptation \
        schedulefree pytorch_optimizer
    reference/bin/python -m tests.optimizers.reference.make

Where optax knows another formula than the authors, the authors count: its Adan multiplies the
difference of gradients by 1 - 0.92 where the paper and the authors' code have 0.92.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.optimizers.reference.problem import CASES, KEPT, STEPS, Gradients, start, sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Weights = list[np.ndarray]

RUNS = Path(__file__).with_name("runs.npz")


def optax(name: str, settings: Mapping[str, Any]) -> Iterator[Weights]:
    """Yield the weights after each step of optax."""
    import jax
    import optax as library

    jax.config.update("jax_enable_x64", True)
    made = optax_optimizer(name, settings)
    weights = [jax.numpy.asarray(w) for w in start()]
    state, gradients = made.init(weights), Gradients()
    for step in range(STEPS):
        found = [jax.numpy.asarray(g) for g in gradients(step, weights)]
        updates, state = made.update(found, state, weights)
        weights = library.apply_updates(weights, updates)
        yield [np.asarray(w) for w in weights]


def optax_optimizer(name: str, settings: Mapping[str, Any]) -> Any:
    """Return optax's optimizer of a class of dlcli with its settings."""
    from optax import contrib

    rate, decay = settings.get("learning_rate", 1.0), settings.get("weight_decay", 0.0)
    if name == "LARS":
        import optax as library

        return library.lars(rate, weight_decay=decay)
    if name == "DoG":
        return contrib.dog(
            init_step=("heuristic", settings.get("initial_distance", 1e-6)),
            weight_decay=decay or None,
        )
    if name == "ScheduleFreeSGD":
        return contrib.schedule_free_sgd(rate, weight_decay=decay or None)
    if name in ("Prodigy", "DAdaptAdam"):
        return {"Prodigy": contrib.prodigy, "DAdaptAdam": contrib.dadapt_adamw}[name](
            weight_decay=decay
        )
    return optax_chain(optax_direction(name, settings), rate, decay)


def optax_chain(direction: Any, rate: float, decay: float) -> Any:
    """Return steps in a direction, with decoupled decay."""
    import optax as library

    return library.chain(
        direction, library.add_decayed_weights(decay), library.scale_by_learning_rate(rate)
    )


def optax_direction(name: str, settings: Mapping[str, Any]) -> Any:
    """Return the part of optax's optimizer that needs neither rate nor decay."""
    import optax as library
    from optax.contrib._ademamix import scale_by_ademamix
    from optax.contrib._adopt import scale_by_adopt

    if name == "RAdam":
        return library.scale_by_radam(b2=settings.get("beta_2", 0.999))
    if name == "AdaBelief":
        return library.scale_by_belief()
    if name == "ADOPT":
        exponent = settings.get("clip_exponent", 0.25)
        return scale_by_adopt(clip_value_fn=lambda step: step**exponent)
    if name == "AdEMAMix":
        steps = settings.get("warmup_steps", 0)
        return scale_by_ademamix(alpha=growing_alpha(steps), b3=growing_decay(steps))
    momentum = settings.get("momentum", 0.9)
    return library.chain(library.ema(momentum, debias=False), library.scale_by_sign())


def growing_alpha(steps: int) -> Callable[[Any], Any]:
    """Return AdEMAMix's schedule of alpha (equation 5 of its paper), to 5."""
    import jax.numpy as jnp

    return lambda count: 5.0 * jnp.minimum((jnp.float64(count) + 1) / max(steps, 1), 1.0)


def growing_decay(steps: int) -> Callable[[Any], Any]:
    """Return AdEMAMix's schedule of beta_3, from 0.9 to 0.9999 by the half-life."""
    import jax.numpy as jnp

    def half_life(decay: float) -> float:
        return math.log(0.5) / math.log(decay + 1e-8) - 1

    def schedule(count: Any) -> Any:
        done = jnp.minimum((jnp.float64(count) + 1) / max(steps, 1), 1.0)
        mixed = (1 - done) * half_life(0.9) + done * half_life(0.9999)
        return jnp.where(done < 1, 0.5 ** (1 / (mixed + 1)), 0.9999)

    return schedule


def torch_run(make: Callable[[list[Any]], Any]) -> Iterator[Weights]:
    """Yield the weights after each step of an optimizer of PyTorch."""
    import torch

    weights = [torch.nn.Parameter(torch.tensor(w, dtype=torch.float64)) for w in start()]
    made, gradients = make(weights), Gradients()
    for step in range(STEPS):
        held = [w.detach().numpy() for w in weights]
        for weight, gradient in zip(weights, gradients(step, held), strict=True):
            weight.grad = torch.tensor(gradient, dtype=torch.float64)
        made.step()
        yield [w.detach().numpy().copy() for w in weights]


def pytorch_optimizer(name: str, settings: Mapping[str, Any]) -> Iterator[Weights]:
    """Yield the weights after each step of pytorch_optimizer."""
    import pytorch_optimizer as library

    given = {"lr": settings["learning_rate"], "weight_decay": settings.get("weight_decay", 0.0)}
    if name == "SOAP":
        given["weight_decay"] = settings.get("weight_decay", 0.01)
        given["max_precondition_dim"] = settings["max_precondition_dim"]
        given["shampoo_beta"] = settings.get("shampoo_beta")
        given["precondition_frequency"] = settings.get("precondition_frequency", 10)
    if name == "MARS":
        given["lr_1d"], given["weight_decay_1d"] = given["lr"], given["weight_decay"]
        given["optimize_1d"] = settings.get("optimize_1d", False)
    if name == "Adan":
        given["weight_decouple"] = False  # its name for the paper's proximal decay
    return torch_run(lambda weights: getattr(library, name)(weights, **given))


def prodigyopt(name: str, settings: Mapping[str, Any]) -> Iterator[Weights]:
    """Yield the weights after each step of the authors' Prodigy."""
    import prodigyopt as library

    return torch_run(lambda weights: getattr(library, name)(weights, **renamed(settings)))


def dadaptation(name: str, settings: Mapping[str, Any]) -> Iterator[Weights]:
    """Yield the weights after each step of the authors' D-Adaptation."""
    import dadaptation as library

    return torch_run(
        lambda weights: getattr(library, name)(
            weights, lr=1.0, decouple=True, log_every=0, **renamed(settings)
        )
    )


def renamed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings whose names are the authors'."""
    return {k: v for k, v in settings.items() if k != "learning_rate"}


def schedulefree(name: str, settings: Mapping[str, Any]) -> Iterator[Weights]:
    """Yield the weights after each step of the authors' ScheduleFreeSGD; last, the average."""
    import schedulefree as library

    assert name == "ScheduleFreeSGD"
    given = renamed(settings) | {"lr": settings["learning_rate"]}
    made = []

    def make(weights: list[Any]) -> Any:
        made.append((library.SGDScheduleFree(weights, **given), weights))
        made[0][0].train()
        return made[0][0]

    yield from torch_run(make)
    made[0][0].eval()
    yield [w.detach().numpy() for w in made[0][1]]


def main() -> None:
    """Run every case and write the file."""
    content: dict[str, np.ndarray] = {}
    for case in CASES:
        made = list(globals()[case.witness](case.optimizer, case.settings))
        every = np.array([sums(weights) for weights in made[:STEPS]])
        content[f"{case.name}: sums"] = every.astype(np.float32)
        kept = [made[step - 1] for step in KEPT]
        kept += made[STEPS:]  # the average, where there is one
        flat = [np.concatenate([w.ravel() for w in weights]) for weights in kept]
        content[f"{case.name}: weights"] = np.array(flat, np.float32)
    np.savez_compressed(RUNS, **content)
    print(f"{len(CASES)} runs, {RUNS.stat().st_size / 1000:.0f} kB")  # noqa: T201 (a script)


if __name__ == "__main__":
    main()
