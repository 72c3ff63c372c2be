package import Borders
import ContextModel
package import HubNetwork
package import Record
import Storage

/// What the operator says of a hub that is in a network.
package struct HubProfile: Sendable, Equatable {
    package var name: String
    package var state: StateCode
    /// Degrees east and north (WGS 84).
    package var longitude: Double
    package var latitude: Double
    /// Where others reach it, without a slash at the end.
    package var address: String
    /// The keys of its public record; nil where it is not to be followed.
    package var record: FollowedKeys?

    package init(
        name: String,
        state: StateCode,
        longitude: Double,
        latitude: Double,
        address: String,
        record: FollowedKeys? = nil
    ) {
        self.name = name
        self.state = state
        self.longitude = longitude
        self.latitude = latitude
        self.address = address
        self.record = record
    }
}

extension Networking {
    /// Days for which a key counts; a start in the second half of them prolongs that.
    static let keyDays: Int64 = 730
    /// What hubs offer to each other at present.
    static let offers: Set<String> = ["context-source", "witness"]

    /// Says in the network what this hub is: call it at the start, and when it may have changed.
    ///
    /// A description is made anew, with the next number, when something in it has changed.
    package func describe(_ profile: HubProfile, with key: MemberKey) async throws {
        let id = MemberID(firstKey: key.id)
        let now = clock()
        let store = try await access.madeStore(nil)
        let (_, own) = try await store.changeFollowedDocuments(
            reading: [.document(.member, id: id.text)]
        ) { changes in
            let kept = try changes.document(.member, id: id.text).flatMap { Membership($0) }
            var membership: Membership
            if var known = kept {
                let newest = known.dossier.newest
                let end = newest.keys.first { $0.publicKey == key.publicKey }?.validity.upperBound
                let half = (end?.microseconds ?? 0) - Self.keyDays * 43_200_000_000
                if newest.says(profile), now.microseconds < half { return }
                let next = MemberDescription(profile, id, after: newest, key, at: now)
                try known.dossier.add(try SignedDescription(next, with: key))
                membership = known
            } else {
                let first = MemberDescription(profile, id, after: nil, key, at: now)
                let dossier = try MemberDossier([try SignedDescription(first, with: key).text])
                membership = Membership(dossier, .admitted, since: now)
            }
            membership.standing = .admitted
            changes.put(membership.document)
        }
        try await catchUp(own: own)
        take(OwnMembership(key: key, id: id))
    }

    /// Says in the network that this hub leaves it, or is back.
    func describe(hasLeft: Bool) async throws {
        let mine = try requireOwn()
        let now = clock()
        let store = try await access.madeStore(nil)
        let (_, own) = try await store.changeFollowedDocuments(
            reading: [.document(.member, id: mine.id.text)]
        ) { changes in
            guard
                var kept = try changes.document(.member, id: mine.id.text)
                    .flatMap({ Membership($0) })
            else { throw BrokerError.unknownMember(mine.id.text) }
            var next = kept.dossier.newest
            guard next.hasLeft != hasLeft else { return }
            next.number += 1
            next.made = max(now, next.made)
            next.hasLeft = hasLeft
            try kept.dossier.add(try SignedDescription(next, with: mine.key))
            changes.put(kept.document)
        }
        try await catchUp(own: own)
    }
}

extension MemberDescription {
    /// Whether it says the same of the hub.
    fileprivate func says(_ profile: HubProfile) -> Bool {
        name == profile.name && state == profile.state && longitude == profile.longitude
            && latitude == profile.latitude && address == profile.address
            && record == profile.record
            && offers == Networking.offers
    }

    fileprivate init(
        _ profile: HubProfile,
        _ id: MemberID,
        after old: MemberDescription?,
        _ key: MemberKey,
        at now: Timestamp
    ) {
        let made = old.map { max($0.made, now) } ?? now
        let end = Timestamp(
            microseconds: made.microseconds + Networking.keyDays * 86_400_000_000
        )
        self.init(
            id: id,
            number: (old?.number ?? 0) + 1,
            name: profile.name,
            state: profile.state,
            longitude: profile.longitude,
            latitude: profile.latitude,
            address: profile.address,
            keys: [Key(key.publicKey, made..<end)],
            offers: Networking.offers,
            record: profile.record,
            made: made,
            hasLeft: old?.hasLeft ?? false
        )
    }
}
