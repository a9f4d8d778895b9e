"""The batched environment as TorchRL has them. Needs ``pip install paintgym[torchrl]``."""

from typing import Any

import gymnasium
import torch
from tensordict import TensorDict, TensorDictBase
from torch import Tensor
from torchrl.data import Binary, Bounded, Composite, Unbounded
from torchrl.envs import EnvBase

from ...errors import InvalidInputError


class TorchRLPaintingEnv(EnvBase):  # type: ignore[misc]
    """``num_envs`` painting environments as one ``EnvBase``: tensors stay on the device, no library lies between.

    The tensordict of a step holds ``observation``, ``score``, ``reward`` (float32), ``done``, ``terminated`` and
    ``truncated``. Rows whose episode has ended must be reset, which rollouts and collectors do by ``_reset`` masks.

    Args:
        task: id of an environment, such as ``"paintgym/Shapes-v0"``.
        num_envs: how many.
        device: where they are.
        arguments: more arguments of the environment; see ``TensorVectorEnv`` and ``PaintingEnv``.

    Raises:
        InvalidInputError: an argument that cannot be used.

    Examples:
        >>> env = TorchRLPaintingEnv("paintgym/Shapes-v0", num_envs=4, reward="log")
        >>> env.rollout(3)["next", "reward"].shape
        torch.Size([4, 3, 1])
    """

    def __init__(
        self,
        task: str = "paintgym/Shapes-v0",
        num_envs: int = 1,
        device: torch.device | str = "cpu",
        **arguments: Any,
    ) -> None:
        for name in ("output", "autoreset_mode"):
            if name in arguments:
                raise InvalidInputError(f"{name} is TorchRL's own choice here; leave it out")
        env: Any = gymnasium.make_vec(
            task, num_envs=num_envs, output="torch", autoreset_mode="Disabled", device=device, **arguments
        )
        self.env = env.unwrapped
        super().__init__(device=self.env.device, batch_size=torch.Size([num_envs]))
        space, numbers = self.env.single_observation_space, self.env.single_action_space.shape[0]
        pixels = torch.float32 if space.dtype == "float32" else torch.uint8
        rows = {"device": self.device, "shape": (num_envs, 1)}
        self.observation_spec = Composite(
            observation=Bounded(0, float(space.high.max()), (num_envs, *space.shape), dtype=pixels, device=self.device),
            score=Unbounded(**rows),
            shape=(num_envs,),
            device=self.device,
        )
        self.action_spec = Bounded(-1.0, 1.0, (num_envs, numbers), dtype=torch.float32, device=self.device)
        self.reward_spec = Unbounded(**rows)
        self.full_done_spec = Composite(
            {name: Binary(1, dtype=torch.bool, **rows) for name in ("done", "terminated", "truncated")},
            shape=(num_envs,),
            device=self.device,
        )
        self._seed_to_come: int | None = None

    def _reset(self, tensordict: TensorDictBase | None = None, **_: Any) -> TensorDict:
        options: dict[str, Any] = {}
        mask = None if tensordict is None else tensordict.get("_reset", None)
        if mask is not None:
            options["reset_mask"] = mask.reshape(self.batch_size)
        observation, _ = self.env.reset(seed=self._seed_to_come, options=options)
        self._seed_to_come = None
        no = torch.zeros(*self.batch_size, 1, dtype=torch.bool, device=self.device)
        ended = {name: no.clone() for name in ("done", "terminated", "truncated")}
        score = self.env.core.score(self.env.state)  # of all rows: infos are silent about those that are not reset
        return self._told({"observation": observation, "score": score[:, None], **ended})

    def _step(self, tensordict: TensorDictBase) -> TensorDict:
        observation, reward, terminated, truncated, infos = self.env.step(tensordict["action"])
        values = {"reward": reward, "terminated": terminated, "truncated": truncated, "score": infos["score"]}
        rows = {name: value[:, None] for name, value in values.items()}
        return self._told({"observation": observation, **rows, "done": rows["terminated"] | rows["truncated"]})

    def _told(self, values: dict[str, Tensor]) -> TensorDict:
        return TensorDict(values, batch_size=self.batch_size, device=self.device)

    def _set_seed(self, seed: int | None) -> None:
        self._seed_to_come = seed
