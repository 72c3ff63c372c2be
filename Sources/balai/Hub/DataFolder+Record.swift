import Foundation
import Record

extension DataFolder {
    /// The private key of the hub's record.
    var recordKeyPath: String { path + "/record.key" }

    /// The key of the record, made at the first start with this name.
    ///
    /// A name is the record's for ever: that of the URL where the record is served, without `https://`.
    func recordSigner(named name: String) throws -> NoteSigner {
        if let signer = try existingRecordSigner() { return signer }
        guard let signer = NoteSigner(name: name, purpose: .note) else {
            throw StartError(
                .usage,
                "\"\(name)\" is no name for a record: it has neither spaces nor plus signs."
            )
        }
        try Self.write(signer.secretText + "\n", toNewFile: recordKeyPath)
        return signer
    }

    /// Nil when none was made yet.
    ///
    /// It is not used when others than its owner can read it: whoever read it could sign a record of
    /// their own with it.
    func existingRecordSigner() throws -> NoteSigner? {
        let effect = "a new key is made, and with it the record cannot go on"
        guard let text = try secret(at: recordKeyPath, whenRemoved: effect) else { return nil }
        do {
            return try NoteSigner(secretText: text.trimmingCharacters(in: .whitespacesAndNewlines))
        } catch {
            throw StartError(
                .permissions,
                "\(recordKeyPath) holds no key of a record. Restore it from a backup: the record goes "
                    + "on with its own key alone."
            )
        }
    }

    /// The name for the record of a hub at this URL; one of chance for a hub that does not know its own.
    static func recordName(
        publicURL: String?,
        _ generator: inout some RandomNumberGenerator
    ) -> String {
        guard let publicURL, let start = publicURL.firstRange(of: "://")?.upperBound else {
            let number = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
            return "balai-\(number)/record"
        }
        let place = publicURL[start...]
        return (place.hasSuffix("/") ? place.dropLast() : place) + "/record"
    }
}
