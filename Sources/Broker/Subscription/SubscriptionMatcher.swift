import ContextModel
import Storage

/// Finds the subscriptions that a change notifies and creates their messages.
///
/// It does so in the transaction of the change itself: no message is lost, and none is sent for a
/// change that was undone.
final class SubscriptionMatcher: ChangeObserver {
    let subscriptions: SubscriptionRegistry
    /// Creates messages that the dispatcher gets after the commit.
    let feed: OutboxFeed
    /// Remembers changes for those who listen.
    private let watch: ChangeWatch
    private let allowances = MatchingAllowances()
    /// Knows which changes are commands to devices.
    private let devices: DeviceRegistry

    init(
        _ subscriptions: SubscriptionRegistry,
        _ feed: OutboxFeed,
        _ watch: ChangeWatch,
        _ devices: DeviceRegistry
    ) {
        self.devices = devices
        self.subscriptions = subscriptions
        self.feed = feed
        self.watch = watch
    }

    func whenStored(
        _ change: EntityChange,
        _ notes: [KeptNote],
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> (@Sendable () -> Void)? {
        var told: [@Sendable () -> Void] = []
        if let noted = watch.whenStored(change, tenant, at: now) { told.append(noted) }
        let heard = watch.types.whenStored(change, tenant, at: now) { [devices] in
            devices.reservedNames(of: $0, tenant)
        }
        if let heard { told.append(heard) }
        if !notes.isEmpty { told.append { [devices] in devices.signal() } }
        guard !told.isEmpty else { return nil }
        return { [told] in
            for tell in told { tell() }
        }
    }

    func notes(of change: EntityChange, _ tenant: TenantName?, at now: Timestamp) -> [KeptNote] {
        devices.commands(of: change, tenant, at: now)
    }

    func messages(
        of change: EntityChange,
        _ tenant: TenantName?,
        at now: Timestamp
    ) -> [NewMessage] {
        guard let index = subscriptions.index(of: .entities, tenant) else { return [] }
        allowances.noteChange()
        var messages = ChangeMessages(change, at: now, within: allowances)
        for candidate in index.candidates(for: change) { messages.offer(to: candidate) }
        return messages.messages().map { message in
            feed.message(
                message.bytes,
                content: .change(message.content),
                to: message.recipients,
                at: now,
                tenant: tenant
            )
        }
    }
}
