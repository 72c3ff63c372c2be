package import ContextModel

/// An entry that is to be made, with what it says of persons.
package struct RecordDraft: Sendable {
    package var kind: EntryKind
    package var time: Timestamp
    /// How many entries were in force when the decision was made: `RecordWriter.size` then.
    package var state: Int
    /// What everybody may know; never anything that tells of a person.
    package var details: JSONObject
    /// What it says of each person: one opening for each.
    package var openings: [Opening]

    /// Openings of one entry.
    package static let maximumOpenings = 100_000

    package init(
        _ kind: EntryKind,
        time: Timestamp,
        state: Int,
        details: JSONObject = JSONObject(),
        openings: [Opening] = []
    ) {
        self.kind = kind
        self.time = time
        self.state = state
        self.details = details
        self.openings = openings
    }
}

/// An entry in the bytes that are kept: of the entry, of its openings and of their commitments.
///
/// To make it is the expensive part, and needs nothing of the record.
package struct PreparedEntry: Sendable {
    /// An opening with its salt.
    package struct Salted: Sendable {
        package var opening: Opening
        /// The opening's bytes.
        package var bytes: [UInt8]
        package var salt: Salt
    }
    /// The bytes that the tree hashes.
    package let bytes: [UInt8]
    package let hash: TreeHash
    /// In the order of their commitments, which tells nothing of the order they came in.
    package let openings: [Salted]
    package let commitments: [TreeHash]

    /// Throws `RecordError.tooLarge` when the entry, an opening or their number is.
    package init(
        _ draft: RecordDraft,
        using generator: inout some RandomNumberGenerator
    ) throws(RecordError) {
        guard draft.openings.count <= RecordDraft.maximumOpenings else {
            let most = RecordDraft.maximumOpenings
            throw RecordError(.tooLarge, "An entry has openings for \(most) persons at most.")
        }
        var parts: [(commitment: TreeHash, salted: Salted)] = []
        parts.reserveCapacity(draft.openings.count)
        for opening in draft.openings {
            let bytes = opening.bytes
            guard bytes.count <= Opening.maximumBytes else {
                let most = Opening.maximumBytes
                throw RecordError(.tooLarge, "An opening has \(most) bytes at most.")
            }
            let salt = Salt(using: &generator)
            parts.append(
                (
                    salt.commitment(to: bytes),
                    Salted(opening: opening, bytes: bytes, salt: salt)
                )
            )
        }
        parts.sort { $0.commitment < $1.commitment }
        commitments = parts.map(\.commitment)
        openings = parts.map(\.salted)
        let people = RecordEntry.People(
            count: parts.count,
            root: SmallTree(commitments).root
        )
        bytes =
            RecordEntry(
                draft.kind,
                time: draft.time,
                state: draft.state,
                details: draft.details,
                people: parts.isEmpty ? nil : people
            ).bytes
        guard bytes.count <= EntryBundle.maximumEntryBytes else {
            let most = EntryBundle.maximumEntryBytes
            throw RecordError(.tooLarge, "An entry has \(most) bytes at most.")
        }
        hash = .leaf(bytes)
    }
}
