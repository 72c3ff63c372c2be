package import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import HubNetwork
import NIOCore

/// Requests that other hubs of the network have signed (RFC 9421).
package struct HubRequests: Sendable {
    private let networking: Networking

    package init(_ networking: Networking) { self.networking = networking }

    /// Whose request it is; nil where no hub has signed it.
    ///
    /// Throws `unauthenticated` for a signature that is worth nothing: such a request is not nobody's.
    func caller(of request: HTTPRequest) async throws(BrokerError) -> Caller? {
        guard request.headerFields[.signatureInput] != nil else { return nil }
        let target = (request.path ?? "/")
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var signed = SignableRequest(
            method: request.method.rawValue,
            authority: request.authority ?? "",
            path: target.first.map(String.init) ?? "",
            query: target.count > 1 ? String(target[1]) : nil
        )
        for field in request.headerFields { signed.add(field.name.rawName, field.value) }
        do { return try await networking.caller(of: signed) } catch let error as BrokerError {
            throw error
        } catch {
            throw BrokerError(
                .overloaded,
                "The members of the network cannot be read.",
                note: "\(error)"
            )
        }
    }

    /// The request with its body, which is the one that was signed for.
    ///
    /// Throws `unauthenticated` where it is another one, and `payloadTooLarge` for one of more than
    /// `maximumBodyBytes`.
    static func checked(_ request: Request) async throws -> Request {
        let body = try await request.bytes(limit: maximumBodyBytes)
        let digest = request.headers[.contentDigest]
        guard body.readableBytes > 0 || digest != nil else { return request }
        do throws(SignatureError) {
            guard let digest else {
                throw SignatureError(.incomplete, "The request has a body and no Content-Digest.")
            }
            try ContentDigest.verify(digest, of: Array(body.readableBytesView))
        } catch {
            throw BrokerError(.unauthenticated, error.description)
        }
        var request = request
        request.body = RequestBody(buffer: body)
        return request
    }

    /// Hubs send each other questions and changes, no files.
    private static let maximumBodyBytes = 16 << 20
}

extension HTTPField.Name {
    fileprivate static let signatureInput = known("Signature-Input")
    fileprivate static let contentDigest = known("Content-Digest")
}
