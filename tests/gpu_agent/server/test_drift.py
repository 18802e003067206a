"""A machine that measures the golden pair otherwise than it should ranks nothing."""

from gpu_agent.measure import golden
from gpu_agent.models import Status
from tests.gpu_agent.live import client_of, live_agent, start, tiny_clip, upload


def test_a_drifting_kernel_leaves_experiments_waiting(tmp_path, monkeypatch):
    monkeypatch.setitem(golden.EXPECTED, "ssim", golden.EXPECTED["ssim"] + 1e-4)
    with live_agent(tmp_path / "data", jail=False) as agent:
        client = client_of(agent)
        for thread in agent._threads[1:]:
            thread.join(60)
        said = client.health().measurement
        assert (said["ok"], "ssim of the golden pair" in said["message"]) == (False, True)
        upload(client, tiny_clip(tmp_path))
        waiting = start(client)
        agent.worker.wake()
        assert not agent.worker.is_alive()
        assert not agent.ladders.is_alive()
        seen = client.get(waiting.id)
        assert (seen.status, seen.results, seen.summary.bd_rate) == (Status.QUEUED, [], {})
