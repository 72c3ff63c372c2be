import Broker
import ContextModel
import HTTPTypes

/// Tells a client what its answer lacks (clause 6.3.17).
extension HTTPFields {
    /// Adds a line for each warning, in the form that RFC 7234 clause 5.5 gives warnings.
    mutating func append(_ warnings: [AnswerWarning]) {
        for warning in warnings {
            let source = warning.source.filter { $0.isASCII && !$0.isWhitespace && $0 != "\"" }
            append(HTTPField(name: .warning, value: "199 \(source) \(Self.quoted(warning.reason))"))
        }
    }

    /// The text between quotation marks: no text of a source's own ends it or begins another line.
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
    /// What an answer lacks (clause 6.3.17).
    static let warning = known("NGSILD-Warning")
}
