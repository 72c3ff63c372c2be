package import Borders
package import ContextModel
import Governance

/// Who would use an exemption of the pilot space, and for what.
package struct ExemptionUse: Sendable, Hashable {
    package var id: String
    package var party: String
    package var purpose: String

    package init(id: String, party: String, purpose: String) {
        self.id = id
        self.party = party
        self.purpose = purpose
    }
}

extension Governing {
    /// The verdict of the table of rules, which anybody may ask for; with an exemption, what it changes.
    ///
    /// An exemption lifts what the rules refuse, and only now: a question about another day is answered by the
    /// rules alone.
    package func borderVerdict(
        on question: BorderQuestion,
        using use: ExemptionUse? = nil
    ) async throws -> JSONObject {
        let verdict = borders.verdict(on: question)
        var json = verdict.json
        guard let use else { return json }
        guard let kept = try await keptExemption(use.id) else {
            throw BrokerError.unknownExemption(use.id)
        }
        let now = clock()
        let covers = kept.exemption.covers(
            question,
            party: use.party,
            purpose: Purpose(use.purpose).text,
            at: now
        )
        let rule = borders.pilotRule(from: question.source, on: now.date)
        json["exemption"] = .object(kept.json(at: now))
        guard covers, !verdict.isAllowed, question.date == now.date, let rule else { return json }
        json["otherwise"] = json["rule"] ?? .null
        json["verdict"] = "TIME-BOXED PERMIT"
        json["allowed"] = true
        json["rule"] = .string(rule.id)
        json["article"] = .string(rule.basis)
        json["date"] = rule.from.map { .string($0.text) } ?? .null
        json["needsOneOf"] = nil
        json["explanation"] = .string(
            "Exemption \(use.id) is in force until \(kept.exemption.period.upperBound.text), and the "
                + "public record has it as entry \(kept.entry). \(verdict.explanation)"
        )
        return json
    }
}
