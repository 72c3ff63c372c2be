import ContextModel
import Crypto

/// A sign-in that is under way at an identity provider: what the browser keeps of it, in a cookie of its
/// own.
///
/// What the provider is sent is made of one secret, so the hub keeps nothing, and nobody fills its memory
/// by beginning to sign in. Somebody else's browser has another secret: an answer that was meant for one
/// browser is refused in another.
struct OpenIDFlow: Sendable {
    /// The provider's name in the configuration.
    let provider: String
    /// In seconds since 1970.
    let startedAt: Int64
    private let secret: [UInt8]

    init(
        provider: String,
        at now: Timestamp,
        _ generator: inout some RandomNumberGenerator
    ) {
        self.provider = provider
        startedAt = now.microseconds / 1_000_000
        secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Reads the result of `cookie`.
    init?(cookie: some StringProtocol) {
        let parts = cookie.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let startedAt = Int64(parts[0]),
            let secret = Base64URL.bytes(of: String(parts[1])), secret.count == 32,
            let name = Base64URL.bytes(of: String(parts[2]))
        else { return nil }
        self.startedAt = startedAt
        self.secret = secret
        provider = String(decoding: name, as: UTF8.self)
    }

    var cookie: String {
        "\(startedAt).\(Base64URL.text(of: secret)).\(Base64URL.text(of: provider.utf8))"
    }

    /// What comes back with the answer (RFC 6749 section 10.12).
    var state: String { text("state") }

    /// What the ID token repeats (OpenID Connect Core 1.0 section 3.1.2.1).
    var nonce: String { text("nonce") }

    /// What shows to the provider that the code is asked for by whoever began (RFC 7636 section 4.1).
    var verifier: String { text("verifier") }

    /// What is shown of the verifier at the beginning (RFC 7636 section 4.2, `S256`).
    var challenge: String { Base64URL.text(of: SHA256.hash(data: Array(verifier.utf8))) }

    /// Whether the state is this one; takes as long for any.
    func hasState(_ text: String) -> Bool { TokenHash(of: text).matches(TokenHash(of: state)) }

    func isUnderWay(at now: Timestamp) -> Bool {
        (0..<Self.seconds).contains(now.microseconds / 1_000_000 - startedAt)
    }

    /// Another text for each use, of which none tells another or the secret.
    private func text(_ use: String) -> String {
        let message = Array("\(use) \(startedAt) \(provider)".utf8)
        let code = HMAC<SHA256>.authenticationCode(
            for: message,
            using: SymmetricKey(data: secret)
        )
        return Base64URL.text(of: code)
    }

    /// How long signing in may take.
    static let seconds: Int64 = 600
}
