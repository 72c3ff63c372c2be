import Collect
import ContextModel
import Crypto
import Foundation
import HTTPTypes

/// Decides whether a request comes from the sender that a webhook knows.
struct WebhookCheck {
    let access: WebhookAccess
    /// The secret that the definition refers to.
    let secret: String

    /// Whether the body must be read to decide.
    var needsBody: Bool { if case .hmac = access { true } else { false } }

    /// `items` are those of the query.
    func admits(_ request: HTTPRequest, _ items: QueryItems, _ body: [UInt8]) -> Bool {
        switch access {
        case .bearer: isSame(credentials(of: request, "bearer"), secret)
        case .basic(let user, _):
            isSame(credentials(of: request, "basic"), Base64URL.basic("\(user):\(secret)"))
        case .query(let name, _): isSame(items[name], secret)
        case .hmac(let header, let prefix, let isBase64, _):
            isSigned(request, header, prefix, isBase64, body)
        }
    }

    /// What follows the scheme in `Authorization` (RFC 9110, clause 11.6.2).
    private func credentials(of request: HTTPRequest, _ scheme: String) -> String? {
        let fields = request.headerFields[values: .authorization]
        guard fields.count == 1 else { return nil }
        let parts = fields[0].split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == scheme else { return nil }
        return String(parts[1])
    }

    private func isSigned(
        _ request: HTTPRequest,
        _ header: String,
        _ prefix: String,
        _ isBase64: Bool,
        _ body: [UInt8]
    ) -> Bool {
        guard let name = HTTPField.Name(header), let value = request.headerFields[name],
            value.hasPrefix(prefix)
        else { return false }
        let text = String(value.dropFirst(prefix.count))
        let code =
            isBase64
            ? Data(base64Encoded: text).map { Array($0) } : Hexadecimal.bytes(of: text.lowercased())
        guard let code else { return false }
        let key = SymmetricKey(data: Array(secret.utf8))
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: key)
    }

    /// Compares digests, so that the time tells nothing of the secret.
    private func isSame(_ text: String?, _ expected: String) -> Bool {
        guard let text else { return false }
        return SHA256.hash(data: Array(text.utf8)) == SHA256.hash(data: Array(expected.utf8))
    }
}
