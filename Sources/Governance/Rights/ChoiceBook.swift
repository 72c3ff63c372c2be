import Crypto
import Synchronization

/// What all people of a tenant have chosen, as it is now: asked for at each entity that is about people.
///
/// It is kept in step with the choices in the store, and in few bytes for each: persons by 16 bytes of
/// the SHA-256 of their identifiers, purposes and recipients by numbers.
package final class ChoiceBook: Sendable {
    /// A choice in eight bytes.
    fileprivate struct Entry {
        /// 0 for everybody.
        var recipient: UInt32
        var purpose: UInt16
        var kind: Choice.Kind
    }

    /// How the purpose of a choice relates to the purpose that is asked for.
    fileprivate enum Relation {
        case none
        /// It covers all that is asked for.
        case covers
        /// It is a part of what is asked for.
        case isPart
    }

    fileprivate struct State {
        var entries: [SubjectKey: [Entry]] = [:]
        var purposes: [Purpose] = []
        var purposeNumbers: [Purpose: UInt16] = [:]
        var recipients: [PartyID: UInt32] = [:]
        /// For each purpose that was asked for, by the numbers of the purposes of choices.
        var relations: [Purpose: [Relation]] = [:]
        var count = 0
        /// Another one after each change.
        var version = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// How many choices are in force.
    package var count: Int { state.withLock(\.count) }

    /// Another number after each change.
    package var version: Int { state.withLock(\.version) }

    /// Puts the choices of a person in the place of those that it made before.
    package func replace(_ choices: [Choice], of subject: String) {
        let key = SubjectKey(subject)
        state.withLock { state in
            let entries = choices.map { state.entry($0) }
            state.count += entries.count - (state.entries[key]?.count ?? 0)
            state.entries[key] = entries.isEmpty ? nil : entries
            state.version += 1
        }
    }

    /// Forgets all choices.
    package func removeAll() { state.withLock { $0 = State() } }

    /// Whether the choices of all these people let the recipient use data about them for the purpose.
    ///
    /// An objection to a purpose counts for what is a part of the purpose, and for what it is a part of:
    /// otherwise whoever asks would evade it by a wider word. A consent counts for its parts alone. Of two
    /// choices that contradict each other an objection wins.
    package func allow(
        _ subjects: Set<String>,
        _ purpose: Purpose,
        to recipient: PartyID?,
        needsConsent: Bool
    ) -> Bool {
        state.withLock { state in
            guard !state.entries.isEmpty else { return !needsConsent }
            let relations = state.relations(to: purpose)
            let number = recipient.flatMap { state.recipients[$0] }
            return subjects.allSatisfy { subject in
                var hasConsent = false
                for entry in state.entries[SubjectKey(subject)] ?? []
                where entry.recipient == 0 || entry.recipient == number {
                    switch (relations[Int(entry.purpose)], entry.kind) {
                    case (.none, _), (.isPart, .consent): break
                    case (_, .object), (_, .withdraw): return false
                    case (.covers, .consent): hasConsent = true
                    }
                }
                return hasConsent || !needsConsent
            }
        }
    }
}

extension ChoiceBook: Hashable {
    package static func == (a: ChoiceBook, b: ChoiceBook) -> Bool { a === b }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension ChoiceBook.State {
    fileprivate mutating func entry(_ choice: Choice) -> ChoiceBook.Entry {
        ChoiceBook.Entry(
            recipient: choice.recipient.map { number(of: $0) } ?? 0,
            purpose: number(of: choice.purpose),
            kind: choice.kind
        )
    }

    private mutating func number(of purpose: Purpose) -> UInt16 {
        if let number = purposeNumbers[purpose] { return number }
        let number = UInt16(purposes.count)
        purposes.append(purpose)
        purposeNumbers[purpose] = number
        relations = [:]
        return number
    }

    private mutating func number(of recipient: PartyID) -> UInt32 {
        if let number = recipients[recipient] { return number }
        let number = UInt32(recipients.count + 1)
        recipients[recipient] = number
        return number
    }

    fileprivate mutating func relations(to purpose: Purpose) -> [ChoiceBook.Relation] {
        if let known = relations[purpose] { return known }
        let found = purposes.map { chosen -> ChoiceBook.Relation in
            if purpose.isOrNarrower(than: chosen) { return .covers }
            return chosen.isOrNarrower(than: purpose) ? .isPart : .none
        }
        relations[purpose] = found
        return found
    }
}

/// A person, by 16 bytes of the SHA-256 of its identifier.
private struct SubjectKey: Hashable {
    private let high: UInt64
    private let low: UInt64

    init(_ subject: String) {
        var subject = subject
        let digest = subject.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) }
        (high, low) = digest.withUnsafeBytes {
            (
                $0.loadUnaligned(as: UInt64.self),
                $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
    }
}
