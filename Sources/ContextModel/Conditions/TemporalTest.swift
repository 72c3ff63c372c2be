/// A temporal query (clause 4.11): a half-open range of one of the times of an instance.
package struct TemporalTest: Sendable, Hashable {
    /// The times of an instance (clause 4.8).
    package enum Property: String, Sendable, Hashable, CaseIterable {
        case observedAt, createdAt, modifiedAt, deletedAt
    }
    package var property: Property
    /// Inclusive; `nil` is unbounded.
    package var from: Timestamp?
    /// Exclusive; `nil` is unbounded.
    package var to: Timestamp?

    package init(property: Property, from: Timestamp?, to: Timestamp?) {
        self.property = property
        self.from = from
        self.to = to
    }

    /// Parses the four parameters, which are percent-decoded.
    package static func parse(
        timerel: String,
        timeAt: String?,
        endTimeAt: String? = nil,
        timeproperty: String? = nil
    ) throws(ConditionError) -> TemporalTest {
        let property = try property(timeproperty)
        let start = try moment(timeAt, parameter: "timeAt")
        guard timerel == "between" || endTimeAt == nil else {
            throw ConditionError(
                parameter: "endTimeAt",
                message: "endTimeAt needs timerel=between.",
                hint: "Leave it out, or write timerel=between."
            )
        }
        switch timerel {
        case "before": return TemporalTest(property: property, from: nil, to: start)
        case "after": return TemporalTest(property: property, from: start, to: nil)
        case "between":
            let end = try moment(endTimeAt, parameter: "endTimeAt")
            guard start < end else {
                throw ConditionError(
                    parameter: "endTimeAt",
                    message: "“\(endTimeAt ?? "")” is not after timeAt.",
                    hint: "Give the earlier moment in timeAt."
                )
            }
            return TemporalTest(property: property, from: start, to: end)
        default:
            throw ConditionError(
                parameter: "timerel",
                message: "“\(timerel.prefix(40))” is not a temporal relation.",
                hint: "Use before, after or between."
            )
        }
    }

    private static func property(_ name: String?) throws(ConditionError) -> Property {
        guard let name else { return .observedAt }
        guard let property = Property(rawValue: name) else {
            throw ConditionError(
                parameter: "timeproperty",
                message: "“\(name.prefix(40))” is not a temporal property.",
                hint: "Use observedAt, createdAt, modifiedAt or deletedAt."
            )
        }
        return property
    }

    private static func moment(
        _ text: String?,
        parameter: String
    ) throws(ConditionError) -> Timestamp {
        guard let moment = text.flatMap({ Timestamp($0) }) else {
            throw ConditionError(
                parameter: parameter,
                message: text.map { "“\($0.prefix(40))” is not a moment." }
                    ?? "\(parameter) is missing.",
                hint: "Write it as 2026-11-23T22:30:00Z."
            )
        }
        return moment
    }
}

extension Attribute {
    /// One of the times of an instance (clause 4.8).
    package func time(_ property: TemporalTest.Property) -> Timestamp? {
        switch property {
        case .observedAt: observedAt
        case .createdAt: createdAt
        case .modifiedAt: modifiedAt
        case .deletedAt: details?.deletedAt
        }
    }
}
