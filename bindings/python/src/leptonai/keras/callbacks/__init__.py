"""Hooks that training calls."""

from typing import TYPE_CHECKING

from .._missing import missing_from
from .callback import Callback
from .callback_list import CallbackList
from .checkpoints import BackupAndRestore, ModelCheckpoint
from .csv_logger import CSVLogger
from .early_stopping import EarlyStopping
from .history import History
from .learning_rates import LearningRateScheduler, ReduceLROnPlateau
from .progbar_logger import ProgbarLogger
from .small import LambdaCallback, TerminateOnNaN
from .swap_ema_weights import SwapEMAWeights
from .tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.callbacks", __all__)
