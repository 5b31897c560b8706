import numpy as np

from ablate.nn import Mlp
from ablate.streams import streams
from ablate.train.lens.probe import Probe
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.step import Stepper


def test_a_norm_is_that_of_the_loss_gradient_on_the_probe(config):
    """One minibatch that is the whole training part: the gradient of the first step, without L2 and clipping."""
    arm = config(batch_size=120, epochs=1, dtype="float64", observe=["gradients"], l2=0.5, clip_norm=1e-3)
    (result,) = NumpyProgram().run(arm, [0])
    plain = config(batch_size=120, dtype="float64")
    stepper = Stepper(plain, network_of(plain), PartSource.of(plain.dataset, "float64"), [0])
    stepper(Parts.of(plain.dataset, [0]).train)
    views = stepper.replicas.network.layout.views(stepper.replicas.grads)
    expected = [np.linalg.norm(views[node]["W"]) for node in (0, 2, 4)]
    np.testing.assert_allclose(result.arrays["gradients/norm"][0], expected, rtol=1e-12)
    assert result.arrays["gradients/layer"].tolist() == ["dense1", "dense2", "dense3"]


def test_the_probe_has_minibatches_of_the_runs_size_from_its_own_training_part(config):
    for batch, passes in ((16, 7), (60, 2), (120, 1), (1, 120)):
        arm = config(batch_size=batch)
        parts = Parts.of(arm.dataset, [0, 1])
        probe = Probe(arm, network_of(arm), parts.train, [0, 1])
        assert probe._batches.shape == (passes, 2, batch)
        for block in range(2):
            drawn = probe._batches[:, block].ravel()
            assert set(drawn) <= set(parts.train[block])
            assert len(set(drawn)) == len(drawn)


def test_a_minibatch_larger_than_the_training_part_is_drawn_with_replacement(config):
    arm = config(batch_size=500, sampling="replacement", epochs=1, observe=["gradients"], model=Mlp([3]))
    (result,) = NumpyProgram().run(arm, [0])
    assert np.isfinite(result.arrays["gradients/norm"]).all()


def test_looking_draws_from_no_other_stream(config, monkeypatch):
    asked = []
    import ablate.train.lens.probe as module

    monkeypatch.setattr(module, "streams", lambda seeds, purpose: asked.append(purpose) or streams(seeds, purpose))
    NumpyProgram().run(config(observe=["gradients"]), [0])
    assert asked == ["lens"]
