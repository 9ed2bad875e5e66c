"""Run a node with a lifecycle."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from launch import EventHandler, LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.actions import OpaqueFunction
from launch.logging import get_logger
from lifecycle_msgs.msg import TransitionEvent
from lifecycle_msgs.srv import ChangeState as ChangeStateService
from lifecycle_msgs.srv import GetState
from rclpy.client import Client
from rclpy.task import Future

from ..events.lifecycle import ChangeState, StateTransition
from ..ros_adapters import get_ros_node
from .node import Node

_POLL_PERIOD = 0.1  # [s] how late a shutdown may be noticed while waiting for the node
_RETRY_PERIOD = 1.0  # [s] until the node is asked again whether it hears us


class LifecycleNode(Node):
    """Runs a node, emits StateTransition when its state changes, obeys ChangeState."""

    def __init__(
        self, *, name: SomeSubstitutionsType, namespace: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        """Say what to run; name and namespace are needed to find its topics and services."""
        super().__init__(name=name, namespace=namespace, **kwargs)
        self.__client: Client | None = None
        self.__hears_us: Client | None = None

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        self._resolve_name(context)
        node = get_ros_node(context)
        node.create_subscription(
            TransitionEvent,
            f'{self.node_name}/transition_event',
            lambda msg: context.emit_event_sync(StateTransition(action=self, msg=msg)),
            10,
        )
        self.__client = node.create_client(ChangeStateService, f'{self.node_name}/change_state')
        # The last one: a node that knows this client knows all our others.
        self.__hears_us = node.create_client(GetState, f'{self.node_name}/get_state')
        context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, ChangeState),
                entities=OpaqueFunction(function=self.__on_change_state),
            )
        )
        return super().execute(context)

    def __on_change_state(self, context: LaunchContext) -> None:
        event = context.locals.event
        if event.lifecycle_node_matcher(self):
            context.add_completion_future(
                context.asyncio_loop.create_task(self.__change_state(context, event.transition_id))
            )

    async def __change_state(self, context: LaunchContext, transition_id: int) -> None:
        """Call the node's service, as soon as it is there; give up at shutdown."""
        # A node that has not discovered us yet would drop its answer and its events.
        greeting = None
        while not context.is_shutdown and not (greeting and greeting.done()):
            if self.__hears_us.service_is_ready():
                greeting = self.__hears_us.call_async(GetState.Request())
                await self.__answer(context, greeting, _RETRY_PERIOD)
            else:
                await asyncio.sleep(_POLL_PERIOD)
        while not context.is_shutdown and not self.__client.service_is_ready():
            await asyncio.sleep(_POLL_PERIOD)
        if not context.is_shutdown:
            request = ChangeStateService.Request()
            request.transition.id = transition_id
            response = self.__client.call_async(request)
            await self.__answer(context, response)
        transition = ChangeState.valid_transitions[transition_id]
        logger = get_logger(__name__)
        if context.is_shutdown:
            logger.warning(
                f"Abandoning '{transition}' of LifecycleNode '{self.node_name}', due to shutdown."
            )
        elif not response.result().success:
            logger.error(
                f"Failed to make transition '{transition}' for LifecycleNode '{self.node_name}'"
            )

    @staticmethod
    async def __answer(
        context: LaunchContext, response: Future, timeout: float = float('inf')
    ) -> None:
        """Wait for a response, at most `timeout` [s], and no longer than until a shutdown."""
        answered = asyncio.Event()
        response.add_done_callback(
            lambda _: context.asyncio_loop.call_soon_threadsafe(answered.set)
        )
        end = context.asyncio_loop.time() + timeout
        while not (context.is_shutdown or response.done() or context.asyncio_loop.time() > end):
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(answered.wait(), _POLL_PERIOD)
