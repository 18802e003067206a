import numpy as np
import pytest
from scipy.ndimage import correlate1d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from gpu_agent.measure import gaussian, integer
from gpu_agent.measure.frame import psnr

from .pairs import natural, noisy, plane_pairs

PAIRS = plane_pairs()
each_pair = pytest.mark.parametrize(("a", "b"), PAIRS.values(), ids=PAIRS.keys())


def flat(a, b):
    """What every kernel takes: two flat planes, stride, width, height."""
    return a.ravel(), b.ravel(), a.shape[1], a.shape[1], a.shape[0]


def scikit_ssim(a, b):
    return structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)


@each_pair
def test_sse_and_psnr_are_exact(a, b):
    exact = int(((a.astype(np.int64) - b) ** 2).sum())
    assert integer.sse(*flat(a, b), 1) == exact
    if exact:
        assert psnr(exact, a.size) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255), abs=1e-9)
    else:
        assert psnr(exact, a.size) is None


def test_sse_of_the_widest_row_of_extremes_does_not_overflow():
    width = 33_025
    black, white = np.zeros(2 * width, np.uint8), np.full(2 * width, 255, np.uint8)
    assert integer.sse(black, white, width, width, 2, 1) == 2 * width * 255**2


def test_sse_of_every_fourth_row():
    a, b = PAIRS["independent noise"]
    assert integer.sse(*flat(a, b), 4) == ((a[::4].astype(np.int64) - b[::4]) ** 2).sum()


@each_pair
def test_gaussian_ssim_is_scikit_images(a, b):
    assert gaussian.ssim_gaussian(*flat(a, b))[0] == pytest.approx(scikit_ssim(a, b), abs=1e-6)


def test_kernels_measure_an_area_inside_a_wider_plane():
    a, b = PAIRS["natural"]
    height, width = a.shape
    wide = [np.pad(plane, ((0, 1), (0, 7)), constant_values=fill).ravel() for plane, fill in ((a, 0), (b, 255))]
    area = (width + 7, width, height)
    assert integer.sse(*wide, *area, 1) == integer.sse(*flat(a, b), 1)
    assert gaussian.ssim_gaussian(*wide, *area) == gaussian.ssim_gaussian(*flat(a, b))
    assert integer.ssim_ffmpeg(*wide, *area) == integer.ssim_ffmpeg(*flat(a, b))


def reference_ms_ssim(a, b):
    """MS-SSIM in float64 by the book: Gaussian window inside the plane, 2x2 means, contrast-structure clipped at 0."""
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    taps /= taps.sum()

    def window(x):
        return correlate1d(correlate1d(x, taps, axis=0), taps, axis=1)[5:-5, 5:-5]

    c1, c2, result = (0.01 * 255) ** 2, (0.03 * 255) ** 2, 1.0
    a, b = a.astype(float), b.astype(float)
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        ma, mb = window(a), window(b)
        va, vb, cab = window(a * a) - ma**2, window(b * b) - mb**2, window(a * b) - ma * mb
        factor = (2 * cab + c2) / (va + vb + c2)
        if scale == 4:
            factor = factor * (2 * ma * mb + c1) / (ma**2 + mb**2 + c1)
        result *= max(factor.mean(), 0) ** weight
        even = tuple(slice(0, n // 2 * 2) for n in a.shape)
        a, b = (x[even].reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).mean(axis=(1, 3)) for x in (a, b))
    return result


@pytest.mark.parametrize(("height", "width", "sigma"), [(176, 176, 5), (181, 203, 25), (270, 481, 2)])
def test_ms_ssim_is_the_definition(height, width, sigma):
    a, b = natural(height, width), noisy(natural(height, width), sigma)
    factors = np.empty(gaussian.SCALES)
    factors[0] = gaussian.ssim_gaussian(*flat(a, b))[1]
    scratch = np.empty((4, a.size // 4), np.float32)
    gaussian.scales_below(*flat(a, b), scratch, factors)
    assert np.prod(factors**gaussian.MS_SSIM_WEIGHTS) == pytest.approx(reference_ms_ssim(a, b), abs=1e-5)
