import ContextModel
package import Governance
package import HubNetwork
import Record
import Storage

/// How other hubs stand with this one. Not part of the standard.
extension Governing {
    /// Decides how a hub stands with this one.
    ///
    /// The public record tells of it.
    ///
    /// Of this hub itself, `suspended` says in the network that it leaves, and `admitted` that it is back. Throws
    /// `forbidden` for who is no administrator.
    package func decide(
        _ standing: MemberStanding,
        of id: String,
        reason: String?,
        caller: Caller
    ) async throws {
        try access.requireAdministration(caller)
        guard let id = MemberID(id), let known = try await networking.directory().members[id] else {
            throw BrokerError.unknownMember(id)
        }
        if id == networking.ownID {
            return try await networking.describe(hasLeft: standing != .admitted)
        }
        let now = clock()
        var details: JSONObject = [
            "id": .string(id.text), "name": .string(known.dossier.newest.name),
            "standing": .string(standing.rawValue),
        ]
        details["reason"] = reason.map { .string($0) }
        let status = networking.record(of: known)
        if standing == .admitted, let finding = known.finding ?? status?.finding {
            details["settled"] = .string(finding.kind.rawValue)
        }
        try await change(
            nil,
            .member,
            details: details,
            reading: [.document(.member, id: id.text)]
        ) { changes, _ in
            let document = try changes.document(.member, id: id.text)
            guard var kept = document.flatMap({ Membership($0) }) else {
                throw BrokerError.unknownMember(id.text)
            }
            kept.standing = standing
            kept.since = now
            kept.reason = reason
            if standing == .admitted { kept.finding = nil }
            changes.put(kept.document)
        }
        if details["settled"] != nil, let keys = known.dossier.newest.record {
            try await networking.desk?.restart(keys, at: now)
        }
        try await networking.catchUp()
    }

    /// Forgets a hub that is not admitted.
    package func forget(_ id: String, caller: Caller) async throws {
        try access.requireAdministration(caller)
        guard let id = MemberID(id), id != networking.ownID else {
            throw BrokerError(.conflict, "A hub does not forget itself.")
        }
        let store = try await access.madeStore(nil)
        let (_, own) = try await store.changeFollowedDocuments(
            reading: [.document(.member, id: id.text)]
        ) { changes in
            let document = try changes.document(.member, id: id.text)
            guard let kept = document.flatMap({ Membership($0) }) else {
                throw BrokerError.unknownMember(id.text)
            }
            guard kept.standing != .admitted else {
                throw BrokerError(
                    .conflict,
                    "An admitted member is suspended before it is forgotten."
                )
            }
            changes.remove(.member, id: id.text)
        }
        try await networking.catchUp(own: own)
    }
}
