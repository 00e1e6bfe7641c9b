"""Measured noise in plain pytest: read beside the snapshots, borrowed, and measured in batches."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from plugin_world import PluginWorld
from test_noise import MEASURED

from harness.plugin import machine
from harness.vocabulary.noise import Group, Spread, dumps

SUITE = """
    def test_value(observe):
        observe.numeric("score", {score})
"""


@pytest.fixture
def world(tmp_path: Path) -> PluginWorld:
    made = PluginWorld.make(tmp_path)
    made.behaviours(SUITE.format(score=1.0))
    made.run("--snapshot-update")
    return made


def keep(world: PluginWorld, within: float, instructions: str) -> Path:
    measured = replace(MEASURED, instructions=instructions)
    file = world.root / "snapshots" / "test_suite" / "python.noise.json"
    file.write_text(dumps([Group(measured, {"test_value score": Spread(within, within)})]))
    return file


@pytest.mark.parametrize(("score", "code"), [(1.0 + 1.9e-4, 0), (1.0 + 2.1e-4, 1)])
def test_measured_noise_stands_in_for_the_bound_in_plain_pytest(
    world: PluginWorld, score: float, code: int
) -> None:
    keep(world, 1e-5, machine.hardware()["instructions"])
    world.behaviours(SUITE.format(score=score))
    ran = world.run()
    assert ran.code == code
    (observation,) = ran.outcome("test_value").observations
    assert observation.noise is not None
    assert observation.noise.provenance == "measured in 7 runs, 2026-11-21"
    assert observation.noise.allowed == pytest.approx(2e-4)


def test_borrowed_noise_is_counted(world: PluginWorld) -> None:
    keep(world, 0.0, "neon")
    ran = world.run()
    assert ran.code == 0
    assert "noise: 0 measured, 1 borrowed from another class of machine" in ran.output


def test_noise_of_other_releases_is_as_good_and_counted(world: PluginWorld) -> None:
    file = keep(world, 1e-5, machine.hardware()["instructions"])
    file.write_text(file.read_text().replace(metadata.version("pytest"), "1.0"))
    ran = world.run()
    assert ran.code == 0
    (observation,) = ran.outcome("test_value").observations
    assert observation.noise is not None
    assert observation.noise.allowed == pytest.approx(2e-4)
    counted = "noise: 1 measured, 1 of them with other releases of the libraries: as good"
    assert counted in ran.output


def test_recording_a_value_anew_leaves_its_noise(world: PluginWorld) -> None:
    file = keep(world, 1e-5, machine.hardware()["instructions"])
    before = file.read_bytes()
    world.behaviours(SUITE.format(score=2.0))
    assert world.run("--snapshot-update").code == 0
    assert file.read_bytes() == before
    text = (world.root / "snapshots" / "test_suite" / "python.ambr").read_text()
    assert '"value": 2.0' in text


FAKE_TORCH = """
class cuda:
    @staticmethod
    def device_count(): return 1
    @staticmethod
    def get_device_name(device): return "A GPU"
class backends:
    class mps:
        @staticmethod
        def is_available(): return False
"""


def test_a_snapshot_of_the_processor_is_borrowed_on_a_gpu_until_it_has_its_own(
    tmp_path: Path,
) -> None:
    world = PluginWorld.make(tmp_path)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "torch.py").write_text(FAKE_TORCH)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\x02" + b"\0" * 7 + b"{}")
    project = Path(__file__).resolve().parents[2]
    options = ("--subject=mine=model", "--precision=float32")
    gpu = (*options, "--device=cuda")
    path = f"{tmp_path / 'site'}:{project}"
    suite = """
        def test_value(cell, observe):
            observe.exact("kind", "decoder")
            observe.numeric("score", {score} if cell.device == "cuda" else 1.0)
        """
    world.behaviours(suite.format(score=1.00001))
    assert world.run(*options, "--snapshot-update").code == 0
    near = world.run(*gpu, PYTHONPATH=path)
    assert near.code == 0
    assert near.outcome("test_value").borrowed == 2
    assert "snapshots: 2 borrowed from another device" in near.output

    world.behaviours(suite.format(score=1.001))
    far = world.run(*gpu, PYTHONPATH=path)
    assert far.code == 1
    assert "score: drifted from what another device recorded" in far.output
    assert world.run(*gpu, "--snapshot-update", PYTHONPATH=path).code == 0
    own = world.run(*gpu, PYTHONPATH=path)
    assert own.code == 0
    assert own.outcome("test_value").borrowed == 0


def test_a_batch_gives_every_product_its_rows_twice_and_returns_them_once(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    world = PluginWorld.make(tmp_path)
    world.behaviours(
        """
        @requires("torch")
        def test_rows(observe):
            import torch
            seen = []
            class Seeing(torch.overrides.TorchFunctionMode):
                def __torch_function__(self, function, types, args=(), kwargs=None):
                    answer = function(*args, **(kwargs or {}))
                    if function.__name__ in ("linear", "addmm"):
                        seen.append(list(answer.shape))
                    return answer
            layer = torch.nn.Linear(3, 2)
            rows = torch.arange(12.0).reshape(4, 3)
            with Seeing():
                out = layer(rows)
                torch.addmm(torch.zeros(2), rows, torch.ones(3, 2))
                layer(rows[0])
            observe.exact("answers", [list(out.shape), list(layer(rows[0]).shape)])
            observe.exact("products", seen)
        """
    )

    def seen(*options: str) -> dict[str, object]:
        return {o.name: o.value for o in world.run(*options).outcome("test_rows").observations}

    plain = {"answers": [[4, 2], [2]], "products": [[4, 2], [4, 2], [2]]}
    assert seen() == plain
    assert seen("--batch=2") == plain | {"products": [[8, 2], [8, 2], [2]]}
