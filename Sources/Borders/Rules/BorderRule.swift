package import ContextModel

/// What a rule says of a transfer, from the mildest to the strictest.
package enum BorderEffect: String, Sendable, Hashable, CaseIterable, Comparable {
    case permit = "PERMIT"
    /// It needs one of the grounds.
    case condition = "CONDITION"
    /// It needs an authority that names the transfer.
    case needExplicitGrant = "NEED_EXPLICIT_GRANT"
    /// It is forbidden but for the exceptions that the rule names.
    case deny = "DENY"

    package static func < (a: BorderEffect, b: BorderEffect) -> Bool { a.rank < b.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? Self.allCases.count }
}

/// A rule of a table: what a state's law says of data that leaves it.
///
/// It is a reading of the law that a lawyer has to check, with its source and how sure it is.
package struct BorderRule: Sendable, Hashable {
    /// What part a rule plays.
    package enum Role: String, Sendable, Hashable, CaseIterable {
        /// It decides.
        case rule
        /// It names something that can serve as a ground, and decides nothing.
        case instrument
        /// It lets exemptions of a pilot space be made.
        case pilot
        /// It decides where no rule does.
        case otherwise
    }

    /// Something to be done because of a transfer.
    package struct Duty: Sendable, Hashable {
        package var text: String
        /// The time from the transfer to when it is due; zero where it is due before.
        package var within: ISODuration?

        /// The day on which it is due for a transfer on this day; nil where the law gives none.
        package func due(_ day: CivilDate) -> CivilDate? {
            within.map { Timestamp(day).adding($0).date }
        }
    }

    /// So many people's data, from the one to the other.
    package struct HeadCount: Sendable, Hashable {
        package var category: DataCategory
        package var people: ClosedRange<Int>
    }

    package var id: String
    package var role: Role
    /// The states whose law it is.
    package var sources: Set<StateCode>
    /// The categories that it is about; nil for all that are known.
    package var categories: Set<DataCategory>?
    /// It is about as many people's data, too, whatever its category is called; also where nobody says how many
    /// there are.
    package var headCounts: [HeadCount]
    package var controllers: Set<ControllerSector>
    package var transfers: Set<TransferKind>
    /// Whether it holds within the state as well.
    package var isDomestic: Bool
    package var effect: BorderEffect
    /// What lifts it, in the order in which they are tried: each is enough, of all whose parts there are.
    package var grounds: [[TransferGround]]
    /// Rules that do not hold where this one does.
    package var exempts: Set<String>
    package var duties: [Duty]
    /// The condition in words.
    package var condition: String
    /// The law with its article.
    package var basis: String
    /// The first day on which it is in force; nil where no law says it, and it is a precaution.
    package var from: CivilDate?
    /// The last day.
    package var until: CivilDate?
    /// How sure the reading is.
    package var confidence: String
    /// Where it was read.
    package var references: String
}

extension BorderRule {
    /// Whether it is in force on the day.
    func isInForce(on day: CivilDate) -> Bool {
        let day = day.daysSince1970
        return (from?.daysSince1970 ?? .min) <= day && day <= (until?.daysSince1970 ?? .max)
    }

    /// Whether it is about the question, which is about one crossing.
    func matches(_ question: BorderQuestion) -> Bool {
        guard let category = question.category, sources.contains(question.source),
            isDomestic || question.source != question.destination,
            controllers.contains(question.controller), transfers.contains(question.transfer),
            isInForce(on: question.date)
        else { return false }
        guard let categories else { return true }
        return !categories.isDisjoint(with: category.wider) || counts(category, question.people)
    }

    private func counts(_ category: DataCategory, _ people: Int?) -> Bool {
        let own = headCounts.filter { category.wider.contains($0.category) }
        // Whoever does not say how many there are is taken to have as many as the rule is about.
        guard let people else { return !own.isEmpty }
        return own.contains { $0.people.contains(people) }
    }
}
