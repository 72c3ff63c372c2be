import Broker
import Gateway
import HubNetwork
import Logging
import Outbound
import Record
import ServiceLifecycle

extension HubRun {
    /// Says in the network which hub this is, and takes up the hubs of the folder of members.
    func joinNetwork(_ parts: RoutedParts) async throws {
        try await describe(parts, isFirst: true)
        try await takeUpMembers(parts.hub)
        if configuration.networkState != nil, let desk = parts.desk {
            try await parts.hub.networking.follow(with: desk)
        }
    }

    /// What asks the members of the network what they know, where the hub is in one.
    func members(_ parts: RoutedParts, _ web: OutboundWeb) -> [any Service] {
        guard configuration.networkState != nil else { return [] }
        let service = MemberService(parts.hub, web) {
            do { try await describe(parts) } catch {
                parts.hub.logger.error("The hub cannot say in the network what it is: \(error)")
            }
        }
        return [service, ReportService(parts.hub, web)]
    }

    /// Says in the network which hub this is, as far as that is known; it does nothing where nothing has changed.
    ///
    /// Throws `StartError` where the key of the hub cannot be used, and the store's errors.
    func describe(_ parts: RoutedParts, isFirst: Bool = false) async throws {
        guard let state = configuration.networkState else { return }
        guard let address = configuration.publicURL, let city = parts.city.current else {
            guard isFirst else { return }
            parts.hub.logger.notice(
                """
                The hub is in no network yet: that needs network.state, publicURL, and the name and place of the city, \
                which the page /setup asks for.
                """
            )
            return
        }
        let profile = HubProfile(
            name: city.name,
            state: state,
            longitude: city.longitude,
            latitude: city.latitude,
            address: address,
            record: FollowedKeys(record: parts.publisher.record.key, stamp: parts.desk?.key)
        )
        try await parts.hub.networking.describe(profile, with: try parts.folder.memberKey())
    }
}
