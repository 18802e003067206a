"""Training with torch: what it counts is what is sent, and its twin of a network is the decoder's."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from gpu_agent.codec_kit.network import ONE, WEIGHT_SCALE, Layer, classes, fresh, run

HERE = importlib.util.find_spec("torch") is not None
pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not HERE, reason="torch is not installed: training was not run"),
]


@pytest.fixture
def learned():
    from gpu_agent.codec_kit import learned

    return learned


def test_the_twin_shows_what_the_integers_give(learned):
    rng = np.random.default_rng(0)
    layers = fresh((3, 6, 2), (3, 3), seed=3)
    layers[1] = Layer(rng.integers(-60, 60, layers[1].weight.shape), rng.integers(-60, 60, 2))
    x = rng.integers(-2 * ONE, 2 * ONE, (3, 7, 5))
    float_ = learned.Net(layers)(learned.tensor(x / ONE)[None])[0].detach().cpu().numpy()
    assert np.abs(float_ - run(layers, x) / ONE).max() < 0.1
    assert np.abs(float_).max() > 1


def test_weights_go_out_as_they_came_in_until_something_is_learnt(learned):
    layers = fresh((3, 6, 2), (3, 3), seed=3)
    for a, b in zip(learned.Net(layers).layers(), layers):
        np.testing.assert_array_equal(a.weight, b.weight)
        np.testing.assert_array_equal(a.bias, b.bias)


def test_it_learns_and_what_is_sent_has_learnt_too(learned):
    layers, x = fresh((1, 4, 1), (3, 1), seed=1), np.random.default_rng(2).normal(0, 1, (1, 12, 12))
    net, goal = learned.Net(layers), learned.tensor(np.maximum(x, 0))
    descent = learned.torch.optim.Adam(net.parameters(), lr=2)
    for _ in range(40):
        loss = (net(learned.tensor(x)[None])[0] - goal).square().mean() + 1e-5 * net.bits(layers)
        descent.zero_grad()
        loss.backward()
        descent.step()
    sent = run(net.layers(), np.round(x * ONE).astype(np.int64)) / ONE
    assert np.mean((sent - goal.cpu().numpy()) ** 2) < 0.5 * np.mean(goal.cpu().numpy() ** 2)
    assert net.bits(layers) > net.bits(net.layers())


@pytest.mark.parametrize("scale", [0.05, 0.5, 3, 200])
def test_bits_are_those_of_a_distribution(learned, scale):
    x = learned.tensor(np.arange(-3000, 3001))
    p = 2 ** -learned.laplace_bits(x, scale).double()
    assert float(p.sum()) == pytest.approx(1, abs=1e-3)
    assert float((p * x.abs()).sum()) == pytest.approx(scale, rel=0.5) or scale < 0.1


def test_bits_have_a_finite_slope_everywhere(learned):
    x = learned.tensor([-1e6, -0.5, -1e-9, 0, 1e-9, 0.5, 1, 1e6]).requires_grad_()
    for scale in (0, 1e-9, 1, 1e6):
        bits = learned.laplace_bits(x, scale)
        (slope,) = learned.torch.autograd.grad(bits.sum(), x)
        assert learned.torch.isfinite(bits).all()
        assert learned.torch.isfinite(slope).all()


def test_rounding_lets_gradients_pass(learned):
    x = learned.tensor([0.2, 0.7, -1.6]).requires_grad_()
    y = learned.rounded(x)
    y.sum().backward()
    assert y.tolist() == [0, 1, -2]
    assert x.grad.tolist() == [1, 1, 1]


def test_a_class_stands_for_a_scale(learned):
    a = np.arange(-9 * ONE, 9 * ONE, 7)
    size = learned.scales(learned.tensor(a / ONE)).cpu().numpy()
    for c in range(32):
        inside = size[classes(a) == c]
        assert inside.max() / inside.min() <= 2**0.5 + 1e-3
    assert WEIGHT_SCALE < ONE


def test_cores_do_not_change_the_order_of_sums(learned):
    assert learned.torch.get_num_threads() == 1
