import Foundation

/// Finds the secrets that definitions of sources refer to; it never shows one.
package struct SourceSecrets: Sendable {
    private let folder: String?
    private let environment: [String: String]

    /// The most bytes of a secret.
    static let maximumBytes = 64 << 10

    /// `folder` has the files of secrets; nil for none.
    package init(folder: String?, environment: [String: String]) {
        self.folder = folder
        self.environment = environment.filter { $0.key.hasPrefix("BALAI_SOURCE_") }
    }

    /// The secret, without the blanks and line breaks around it.
    ///
    /// Throws when there is none, when everybody can read its file, or when it is too long. With
    /// `isPublic`, everybody may read it: a certificate is no secret.
    package func text(
        of reference: SecretReference,
        isPublic: Bool = false
    ) throws(SourceError) -> String {
        let (text, place) = try found(reference, isPublic)
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !secret.isEmpty else { throw SourceError("\(place) has no secret.") }
        return secret
    }

    private func found(
        _ reference: SecretReference,
        _ isPublic: Bool
    ) throws(SourceError) -> (String, String) {
        switch reference {
        case .variable(let name):
            guard let text = environment[name] else {
                throw SourceError("There is no environment variable \(name).")
            }
            return (text, name)
        case .file(let name):
            guard let folder else {
                throw SourceError("The hub has no folder of secrets (sources.secrets).")
            }
            let path = URL(filePath: "\(folder)/\(name)").resolvingSymlinksInPath().path
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
            guard isPublic || mode & 0o007 == 0 else {
                throw SourceError("Everybody can read the secret \(name): chmod o= on its file.")
            }
            let size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
            guard size <= Self.maximumBytes,
                let text = try? String(contentsOfFile: path, encoding: .utf8)
            else { throw SourceError("There is no secret \(name) that can be read.") }
            return (text, name)
        }
    }
}
