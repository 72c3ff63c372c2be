import Broker
import NIOCore

/// The text of a proof from a form: of its file, or what was pasted.
///
/// The form has the media type multipart/form-data (RFC 7578).
enum UploadedProof {
    /// nil when the form has neither; throws when the body is no such form.
    static func text(in body: ByteBuffer, contentType: String) throws(BrokerError) -> String? {
        guard let boundary = boundary(in: contentType) else { throw noFormData }
        var texts: [String: String] = [:]
        let whole = String(buffer: body)
        let parts = whole.components(delimitedBy: "--" + boundary).dropFirst()
        guard parts.last?.hasPrefix("--") == true else { throw noFormData }
        for part in parts.dropLast() {
            guard let end = part.utf8.firstRange(of: "\r\n\r\n".utf8),
                part.utf8.suffix(2).elementsEqual("\r\n".utf8)
            else { throw noFormData }
            let head = part[..<end.lowerBound]
            for name in ["file", "text"] where head.contains("name=\"\(name)\"") {
                let content = part.utf8[end.upperBound...].dropLast(2)
                texts[name] = String(content)?.replacing("\r\n", with: "\n")
            }
        }
        return [texts["file"], texts["text"]].compactMap(\.self).first { !$0.isEmpty }
            .map { $0.hasSuffix("\n") ? $0 : $0 + "\n" }
    }

    private static func boundary(in contentType: String) -> String? {
        guard contentType.lowercased().hasPrefix("multipart/form-data"),
            let start = contentType.firstRange(of: "boundary=")
        else { return nil }
        let value = contentType[start.upperBound...].prefix { $0 != ";" }
        let boundary = value.filter { $0 != "\"" && $0 != " " }
        return boundary.isEmpty || boundary.utf8.count > maximumBoundary ? nil : boundary
    }

    /// RFC 2046, clause 5.1.1.
    private static let maximumBoundary = 70

    private static let noFormData = BrokerError(
        .badRequestData,
        "The body is no form as multipart/form-data writes it."
    )
}

extension String {
    /// The parts between occurrences of a text.
    fileprivate func components(delimitedBy mark: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.utf8.firstRange(of: mark.utf8) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
