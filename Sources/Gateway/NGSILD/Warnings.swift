import Broker
import ContextModel
import HTTPTypes

/// Warnings about missing parts of an answer (clause 6.3.17).
extension HTTPFields {
    /// Adds a line for each warning, in the format of RFC 7234 clause 5.5.
    mutating func append(_ warnings: [AnswerWarning]) {
        for warning in warnings {
            let source = warning.source.filter { $0.isASCII && !$0.isWhitespace && $0 != "\"" }
            append(
                HTTPField(
                    name: .warning,
                    value: "\(warning.code) \(source) \(Self.quoted(warning.reason))"
                )
            )
        }
    }

    /// The text in quotation marks, escaped so that a source's text cannot end it or begin another
    /// line.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default: quoted += "?"
            }
        }
        return quoted + "\""
    }
}

extension HTTPField.Name {
    /// The missing parts of an answer (clause 6.3.17).
    static let warning = known("NGSILD-Warning")
}
