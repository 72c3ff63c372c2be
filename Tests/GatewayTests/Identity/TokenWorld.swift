import Broker
import ContextModel
import Governance
import HTTPTypes
import Synchronization

@testable import Gateway

/// A hub with a key and its own clock, and its callers.
final class TokenWorld: Sendable {
    let key: HubKey
    let verifier: TokenVerifier
    let time = Seconds()

    init(maximum: Int = TokenVerifier.maximumVerified) async throws {
        key = try await HubKey.make()
        verifier = TokenVerifier([key.issuer], clock: time.clock, maximum: maximum)
    }

    /// The clock's moment, in seconds since 1970.
    final class Seconds: Sendable {
        let now = Mutex<Int64>(1_800_000_000)
        var clock: HubClock {
            HubClock { Timestamp(microseconds: self.now.withLock { $0 * 1_000_000 }) }
        }
    }
    func pass(_ seconds: Int64) { time.now.withLock { $0 += seconds } }

    /// A token as the hub would sign it, after `change` to its header and claims.
    func token(
        by signer: HubKey? = nil,
        _ change: (inout JSONObject, inout JSONObject) -> Void = { _, _ in }
    ) throws -> String {
        let now = time.now.withLock { Int($0) }
        var header = key.header()
        var claims: JSONObject = [
            "iss": .string(key.issuerName), "aud": .string(key.issuerName),
            "sub": "urn:city:clinic", "iat": .number(JSONNumber(now)),
            "exp": .number(JSONNumber(now + 60)),
        ]
        change(&header, &claims)
        return try (signer ?? key).sign(header, claims)
    }

    func caller(_ token: String, _ fields: HTTPFields = [:]) async throws -> Caller {
        var request = HTTPRequest(method: .get, scheme: "http", authority: "hub", path: "/")
        request.headerFields = fields
        request.headerFields[.authorization] = "Bearer \(token)"
        let authentication = Authentication(
            tokens: TokenList([(TokenHash(of: "of the operator"), .operator)]),
            verifier: verifier,
            isOpen: false
        )
        return try await authentication.caller(of: request)
    }

    /// The reason why the hub refuses the token; nil when it accepts it.
    func refusal(_ token: String, _ fields: HTTPFields = [:]) async throws -> BrokerError? {
        do {
            _ = try await caller(token, fields)
            return nil
        } catch let error as BrokerError { return error }
    }
}
