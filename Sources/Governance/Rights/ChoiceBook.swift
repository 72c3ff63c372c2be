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
        /// The book that has come in the place of this one.
        var successor: ChoiceBook?
    }

    private let state = Mutex(State())

    package init() {}

    /// How many choices are in force.
    package var count: Int { state.withLock(\.count) }

    /// Another number after each change.
    package var version: Int { state.withLock(\.version) }

    /// Lets another book answer from now on: readers that were given this one before see what is chosen later.
    package func pass(to successor: ChoiceBook) {
        guard successor !== self else { return }
        state.withLock { state in
            state = State(version: state.version + 1, successor: successor)
        }
    }

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
        let (answer, successor) = state.withLock { state -> (Bool, ChoiceBook?) in
            if let successor = state.successor { return (false, successor) }
            return (
                state.allow(subjects, purpose, to: recipient, needsConsent: needsConsent), nil
            )
        }
        guard let successor else { return answer }
        return successor.allow(subjects, purpose, to: recipient, needsConsent: needsConsent)
    }
}

extension ChoiceBook.State {
    fileprivate mutating func allow(
        _ subjects: Set<String>,
        _ purpose: Purpose,
        to recipient: PartyID?,
        needsConsent: Bool
    ) -> Bool {
        guard !entries.isEmpty else { return !needsConsent }
        let relations = relations(to: purpose)
        let number = recipient.flatMap { recipients[$0] }
        return subjects.allSatisfy { subject in
            var hasConsent = false
            for entry in entries[SubjectKey(subject)] ?? []
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

    /// Texts that Unicode takes to be the same, such as é in one character or two, have the same key.
    ///
    /// They are the same identifier everywhere else in the hub. The hashes have a key of this process, so
    /// nobody finds two people with the same.
    init(_ subject: String) {
        (high, low) = (Self.hash(subject, 0), Self.hash(subject, 1))
    }

    private static func hash(_ subject: String, _ number: UInt8) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(number)
        hasher.combine(subject)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
