package import ContextModel
import Statistics

/// The answer to a question about people: what it says, how far it may be off, and what it took.
package struct StatisticAnswer: Disclosable {
    let question: StatisticQuestion
    let answers: [NoisyAnswer]
    /// So many people a group has at least to be told of; nil for any number.
    let smallestGroup: Int?
    /// What is left of the party's share of the budget.
    let remaining: PrivacyCharge
    /// When the budget renews.
    let renews: Timestamp

    /// A statistic tells of nobody by name: the record has its spending instead.
    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {}

    /// The answer as it leaves the hub.
    package func json(_ ld: LDContext) throws -> JSONObject {
        let statistic = question.statistic
        var json: JSONObject = [
            "statistic": .string(question.measure.rawValue),
            "type": .string(ld.compact(question.type)),
        ]
        json["attribute"] = question.attribute.map { .string(ld.compact($0)) }
        json["bins"] = .array(
            answers.enumerated().map { index, answer in
                var bin = question.name(index)
                if isTold(answer) {
                    bin["value"] = .number(answer.value)
                } else {
                    bin["isWithheld"] = .bool(true)
                }
                return .object(bin)
            }
        )
        json["smallestGroup"] = smallestGroup.map { .number(JSONNumber($0)) }
        json["errorBar"] = .number(statistic.errorBar)
        json["meaning"] = .string(
            "Of each value by itself, with a probability of 95 %, the noise is at most "
                + "\(statistic.errorBar.literal) up or down. What the bounds have cut off is besides."
        )
        json["bounds"] = bounds
        json["charged"] = try Self.loss(statistic.charge)
        json["remaining"] = ["rho": Self.rho(remaining), "renews": .string(renews.text)]
        return json
    }

    /// Whether there are enough people in the bin, as far as its noise lets anybody say.
    ///
    /// It is decided by what is released: the number of people as it is would make the answer depend on
    /// each of them. So a group that is too small is told of with a probability of 2.5 % at most, and one
    /// that is only just large enough is mostly kept back.
    private func isTold(_ answer: NoisyAnswer) -> Bool {
        guard let smallestGroup else { return true }
        guard question.measure != .sum else { return false }
        let most = question.statistic.bounds.total.upperBound
        let (needed, isTooMuch) = smallestGroup.multipliedReportingOverflow(by: most)
        let (least, isTooLittle) = answer.value.scaled(decimals: 0)
            .subtractingReportingOverflow(answer.errorBar.scaled(decimals: 0))
        return !isTooMuch && !isTooLittle && least >= needed
    }

    private var bounds: JSONValue {
        let (bounds, decimals) = (question.statistic.bounds, question.statistic.decimals)
        return [
            "totalOfPerson": [
                .number(JSONNumber(bounds.total.lowerBound, decimals: decimals)),
                .number(JSONNumber(bounds.total.upperBound, decimals: decimals)),
            ],
            "binsPerPerson": .number(JSONNumber(bounds.bins)),
        ]
    }

    /// The probability for which a loss is told in words.
    private static let delta = 0.000_001

    private static func rho(_ charge: PrivacyCharge) -> JSONValue {
        .number(JSONNumber(charge.rho))
    }

    private static func loss(_ charge: PrivacyCharge) throws -> JSONValue {
        let loss = try ApproximateLoss(charge, delta: delta)
        let epsilon = (loss.epsilon * 1_000).rounded(.up) / 1_000
        return [
            "rho": rho(charge),
            "epsilon": .number(JSONNumber(epsilon)),
            "delta": .number(JSONNumber(delta)),
            "meaning": .string(
                "But for one chance in a million, whether any one person is in the data makes this "
                    + "answer likelier or less likely by a factor of e to the \(epsilon) at most."
            ),
        ]
    }
}
