"""Events of what in a vault is about to end."""

from typing import TYPE_CHECKING

import pulumi
from pulumi_azure_native import eventgrid

if TYPE_CHECKING:
    # Named at run time, they would load the module in each program, for vaults that send no events too.
    Destination = (
        eventgrid.EventHubEventSubscriptionDestinationArgs
        | eventgrid.ServiceBusQueueEventSubscriptionDestinationArgs
        | eventgrid.ServiceBusTopicEventSubscriptionDestinationArgs
        | eventgrid.StorageQueueEventSubscriptionDestinationArgs
    )

_EVENT_TYPES = tuple(
    f"Microsoft.KeyVault.{kind}{moment}"
    for kind in ("Secret", "Key", "Certificate")
    for moment in ("NearExpiry", "Expired")
)
"""(Microsoft Learn: "Azure Key Vault as Event Grid source")"""


def declare_expiry_events(
    name: str, vault_id: pulumi.Input[str], destination_id: str, opts: pulumi.ResourceOptions
) -> "eventgrid.EventSubscription":
    """Declare that Event Grid delivers an event 30 days before an object of a vault ends, and one at its end.

    :param name: The resource's name in the stack.
    :param vault_id: The vault.
    :param destination_id: Where they go: the id of an event hub, of a queue or topic of Service Bus, or of a storage
        account's queue.
    :param opts: The resource's options.
    """
    return eventgrid.EventSubscription(
        name,
        event_subscription_name="strongroom-expiry",
        scope=vault_id,
        destination=_build_destination(destination_id),
        filter=eventgrid.EventSubscriptionFilterArgs(included_event_types=list(_EVENT_TYPES)),
        opts=opts,
    )


def _build_destination(destination_id: str) -> "Destination":
    account, _, queue = destination_id.partition("/queueServices/default/queues/")
    if queue:
        return eventgrid.StorageQueueEventSubscriptionDestinationArgs(
            endpoint_type="StorageQueue", resource_id=account, queue_name=queue
        )
    lowered = destination_id.lower()
    if "/eventhubs/" in lowered:
        return eventgrid.EventHubEventSubscriptionDestinationArgs(endpoint_type="EventHub", resource_id=destination_id)
    if "/queues/" in lowered:
        return eventgrid.ServiceBusQueueEventSubscriptionDestinationArgs(
            endpoint_type="ServiceBusQueue", resource_id=destination_id
        )
    return eventgrid.ServiceBusTopicEventSubscriptionDestinationArgs(
        endpoint_type="ServiceBusTopic", resource_id=destination_id
    )
