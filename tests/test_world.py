"""The world by region: one whose AWS hangs holds up no other."""

import threading
from typing import Any

from fargate_operator.world import World


class Clients:
    """CloudFormation of one region answers only when it is let."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()

    def get(self, _: str, region: str) -> Any:
        return Region(self, region)


class Region:
    def __init__(self, clients: Clients, name: str) -> None:
        self._clients, self._name = clients, name

    def get_paginator(self, _: str) -> "Region":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        if self._name == "hangs":
            self._clients.asked.set()
            assert self._clients.let.wait(30)
        return [{"Stacks": []}]


def test_a_region_whose_first_list_hangs_holds_up_no_other():
    clients = Clients()
    world = World(clients)  # type: ignore[arg-type]
    hanging = threading.Thread(target=world.stack, args=("hangs", "shop"), daemon=True)
    hanging.start()
    assert clients.asked.wait(5)
    found = []
    other = threading.Thread(target=lambda: found.append(world.stack("works", "shop")), daemon=True)
    other.start()
    other.join(5)
    assert found == [None]
    clients.let.set()
    hanging.join(5)
    assert not hanging.is_alive()
