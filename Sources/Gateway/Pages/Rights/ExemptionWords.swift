import Borders
import Broker
import ContextModel
import Foundation
import Record

extension PageRenderer {
    /// An exemption of the pilot space in sentences.
    func exemptionRule(_ kept: KeptExemption, _ now: Timestamp) -> RulesView.ExemptionRule {
        let (t, exemption) = (voice.translation, kept.exemption)
        var details = [
            t("validFrom", ["time": t.moment(exemption.period.lowerBound)]),
            t("validUntil", ["time": t.moment(exemption.period.upperBound)]),
        ]
        if !exemption.conditions.isEmpty {
            let conditions = exemption.conditions.joined(separator: "; ")
            details.append(t("exemptionConditions", ["conditions": conditions]))
        }
        details.append(t("exemptionReport", ["day": exemption.report.text]))
        let state =
            switch exemption.state(at: now) {
            case .announced: t("exemptionAnnounced")
            case .inForce: t("exemptionInForce")
            case .ended: t("exemptionEnded")
            }
        let words = [
            "who": exemption.participants.sorted().joined(separator: ", "),
            "source": exemption.source.text,
            "destinations": exemption.destinations.map(\.text).sorted().joined(separator: ", "),
            "what": exemption.categories.map(\.rawValue).sorted().joined(separator: ", "),
            "purpose": t.label(ofPurpose: exemption.purpose),
        ]
        return RulesView.ExemptionRule(
            title: exemption.title,
            state: state,
            text: t("exemptionText", words),
            details: details,
            address: exemption.id.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
                ?? exemption.id,
            proof: "/record/proofs/\(kept.entry)",
            proofName: t("accessProofOf", ["number": "\(kept.entry)"])
        )
    }
}
