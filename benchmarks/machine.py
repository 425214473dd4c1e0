"""What the figures were measured on, and with."""

import importlib.metadata
import os
import platform
from pathlib import Path

PACKAGES = ("lepton-sdk", "numpy", "torch", "keras", "jax", "tensorflow_cpu", "scikit-learn")


def processor() -> str:
    """The model's name, and family and model number where the system tells them: names of virtual ones are vague."""
    fields: dict[str, str] = {}
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    if "model name" not in fields:
        return platform.processor() or platform.machine()
    return f"{fields['model name']} (family {fields.get('cpu family')}, model {fields.get('model')})"


def system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform()


def version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def describe() -> dict[str, str]:
    load = os.getloadavg()[0]
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": system(),
        "load before the start": f"{load:.2f}",
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }
