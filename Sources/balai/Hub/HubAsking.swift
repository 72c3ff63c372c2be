import Collect
import ContextModel
import Outbound

/// Runs the body, which speaks to hubs; what these refuse, or that one cannot be reached, becomes a `StartError`.
func askingHubs<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
    do { return try await body() } catch HubFailure.stopped(let reason) {
        throw StartError(.address, reason)
    } catch HubFailure.refused(let reason) { throw StartError(.usage, reason) }
}

extension HTTPHub {
    /// Where a hub tells of the members of its network.
    static let membersPath = "/network/v1/members"

    /// What the hub says of itself in the network; nil where it is in none.
    func ownMember() async throws -> JSONObject? {
        try JSONReader.read(try await get(Self.membersPath)).arrayValue?.compactMap(\.objectValue)
            .first { $0["standing"]?.stringValue == "own" }
    }
}
