"""Run-to-run control: what labels say of removal moves the released parameters of the next wafers."""

from planaris.control.run_to_run.actuators import Actuator, Actuators, Move
from planaris.control.run_to_run.context import Context, Estimate, Estimator, Residual
from planaris.control.run_to_run.controller import (
    Due,
    Expected,
    Kind,
    Label,
    Learned,
    Observation,
    Order,
    Pending,
    RunToRun,
    RunToRunState,
    Safety,
    StandIn,
    Surrogate,
    Taken,
)
from planaris.control.run_to_run.double_ewma import DoubleEwma, DoubleState
from planaris.control.run_to_run.ewma import Ewma
from planaris.control.run_to_run.removal_model import RemovalModel, StepRate
from planaris.control.run_to_run.stability import highest_integral_gain, highest_weight, spectral_radius
from planaris.control.run_to_run.state_space import SpaceState, StateSpace
from planaris.control.run_to_run.threads import Threads, ThreadsState, ThreadState

__all__ = [
    "Actuator",
    "Actuators",
    "Context",
    "DoubleEwma",
    "DoubleState",
    "Due",
    "Estimate",
    "Estimator",
    "Ewma",
    "Expected",
    "Kind",
    "Label",
    "Learned",
    "Move",
    "Observation",
    "Order",
    "Pending",
    "RemovalModel",
    "Residual",
    "RunToRun",
    "RunToRunState",
    "Safety",
    "SpaceState",
    "StandIn",
    "StateSpace",
    "StepRate",
    "Surrogate",
    "Taken",
    "ThreadState",
    "Threads",
    "ThreadsState",
    "highest_integral_gain",
    "highest_weight",
    "spectral_radius",
]
