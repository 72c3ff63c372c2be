/// What is known of a member: its newest description, and the earlier ones that show that its keys are its own.
///
/// The first is signed by the key that the member is named after, and each other one by a key of the one before it. So
/// whoever knows the name alone can check the newest, whoever passed it on.
package struct MemberDossier: Sendable, Hashable {
    /// Descriptions that are kept at most: a hub may change its keys so often.
    package static let maximumDescriptions = 64

    /// Bytes of all of them together.
    package static let maximumBytes = 65_536

    /// In the order of their numbers; never empty.
    package private(set) var descriptions: [SignedDescription]

    package var id: MemberID { descriptions[0].description.id }
    package var newest: MemberDescription { descriptions[descriptions.count - 1].description }
    package var texts: [String] { descriptions.map(\.text) }

    /// Reads a dossier of somebody who was not known.
    ///
    /// Throws `MemberError` for what is not signed as it must be.
    package init(_ texts: [String]) throws(MemberError) {
        guard let text = texts.first, texts.count <= Self.maximumDescriptions,
            texts.reduce(0, { $0 + $1.utf8.count }) <= Self.maximumBytes
        else {
            throw MemberError(
                .malformed,
                "A hub is described by 1 to \(Self.maximumDescriptions) texts."
            )
        }
        let first = try SignedDescription(text)
        let description = first.description
        guard first.keyID == description.id.firstKey,
            let key = description.key(first.keyID, at: description.made), first.isSigned(by: key)
        else {
            throw MemberError(.unsigned, "The first key of \(description.id.text) has not signed.")
        }
        descriptions = [first]
        for text in texts.dropFirst() { try add(try SignedDescription(text)) }
    }

    /// Takes what another dossier of the same member has newer; returns whether there was anything.
    ///
    /// Throws `contradiction` where the member has said two things with one number.
    package mutating func merge(_ other: MemberDossier) throws(MemberError) -> Bool {
        let known = newest.number
        for signed in other.descriptions {
            if signed.description.number > known {
                try add(signed)
            } else if let same = descriptions.first(where: {
                $0.description.number == signed.description.number
            }), same.description != signed.description {
                throw MemberError(
                    .contradiction,
                    "\(id.text) has said two things with the number \(same.description.number)."
                )
            }
        }
        return newest.number > known
    }

    /// Adds a newer description, signed by a key of the newest.
    ///
    /// Throws `MemberError` for one that is older, of another hub, or signed by no such key.
    package mutating func add(_ signed: SignedDescription) throws(MemberError) {
        let new = signed.description
        guard new.id == id else { throw MemberError(.malformed, "It describes several hubs.") }
        guard new.number > newest.number, new.made >= newest.made else {
            throw MemberError(.old, "It is older than what is known of \(id.text).")
        }
        // A key that was given up vouches for nothing.
        guard Self.vouches(descriptions[descriptions.count - 1], for: signed) else {
            throw MemberError(.unsigned, "No key of \(id.text) has signed it.")
        }
        // What is between needs not be kept where the new one is signed by a key of an earlier one.
        descriptions.removeSubrange((earliest(for: signed) + 1)...)
        descriptions.append(signed)
        guard descriptions.count <= Self.maximumDescriptions else {
            throw MemberError(.malformed, "\(id.text) has changed its keys too often.")
        }
    }

    /// The first description from which on each has the key that signed.
    private func earliest(for signed: SignedDescription) -> Int {
        var place = descriptions.count - 1
        while place > 0, Self.vouches(descriptions[place - 1], for: signed) { place -= 1 }
        return place
    }

    private static func vouches(_ old: SignedDescription, for new: SignedDescription) -> Bool {
        old.description.key(new.keyID, at: new.description.made)
            .map { new.isSigned(by: $0) } ?? false
    }
}
