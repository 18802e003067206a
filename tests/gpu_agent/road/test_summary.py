from gpu_agent.road.summary import reproduction, summarise
from tests.gpu_agent.factory import experiment, row


def test_the_best_point_is_the_one_of_highest_luma_psnr_and_its_ssim_goes_with_it():
    rows = [row(rate=22, psnr_y=40.0, ssim=0.91), row(rate=27, psnr_y=35.0, ssim=0.99), row("bikes", 22, psnr_y=30.0)]
    summary = summarise(experiment(results=rows))
    assert (summary.clips, summary.points, summary.best_psnr_y, summary.best_ssim) == (2, 3, 40.0, 0.91)
    assert summary.sentence == "40.0 dB and SSIM 0.910 at 25 kbit/s on carphone, best of 3 points."


def test_what_was_not_measured_is_not_in_the_sentence():
    summary = summarise(experiment(results=[row(ssim=None)]))
    assert (summary.best_ssim, summary.sentence) == (None, "37.5 dB at 25 kbit/s on carphone.")


def test_lossless_is_said_and_not_a_number():
    assert summarise(experiment(results=[row(psnr_y=60.0, lossless=True)])).sentence.startswith("lossless and SSIM")


def test_a_reproduction_names_every_point_that_differs():
    first = experiment(results=[row(rate=22), row(rate=2.5), row("bikes", 22)])
    other = row(rate=2.5, bitstream_sha256="f" * 64)
    again = experiment(results=[row(rate=22), other, row("bikes", 22)])
    said = reproduction(first, again)
    assert (said.of, said.same, said.compared, said.different) == (first.id, False, 3, ["carphone at rate 2.5"])
    assert reproduction(first, first).same is True


def test_where_nothing_can_be_compared_nothing_is_claimed():
    said = reproduction(experiment(), experiment(results=[row()]))
    assert (said.same, said.compared, said.different) == (None, 0, [])
