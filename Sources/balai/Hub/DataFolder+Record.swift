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
    func existingRecordSigner() throws -> NoteSigner? {
        try existingSigner(
            at: recordKeyPath,
            .note,
            whenRemoved: "a new key is made, and with it the record cannot go on"
        )
    }

    /// The private key with which the hub signs as a witness.
    var witnessKeyPath: String { path + "/witness.key" }

    /// The key of the witness, made with this name when it is first needed.
    func witnessSigner(named name: String) throws -> NoteSigner {
        let kept = try existingSigner(
            at: witnessKeyPath,
            .cosignature,
            whenRemoved: "a new key is made, which nobody trusts yet"
        )
        if let kept { return kept }
        guard let signer = NoteSigner(name: name, purpose: .cosignature) else {
            throw StartError(
                .usage,
                "\"\(name)\" is no name for a witness: it has neither spaces nor plus signs."
            )
        }
        try Self.write(signer.secretText + "\n", toNewFile: witnessKeyPath)
        return signer
    }

    /// The key in a file; nil when there is no file.
    ///
    /// It is not used when others than its owner can read it: whoever read it could sign a record of
    /// their own with it.
    private func existingSigner(
        at path: String,
        _ purpose: NoteKey.Purpose,
        whenRemoved effect: String
    ) throws -> NoteSigner? {
        guard let text = try secret(at: path, whenRemoved: effect) else { return nil }
        let signer = try? NoteSigner(
            secretText: text.trimmingCharacters(in: .whitespacesAndNewlines)
        )
        guard let signer, signer.key.purpose == purpose else {
            throw StartError(
                .permissions,
                "\(path) holds no such key. Restore it from a backup: what was signed with it goes on "
                    + "with it alone."
            )
        }
        return signer
    }

    /// The name for the record of a hub at this URL; one of chance for a hub that does not know its own.
    static func recordName(
        publicURL: String?,
        _ generator: inout some RandomNumberGenerator
    ) -> String {
        host(of: publicURL, &generator) + "/record"
    }

    /// The name for the witness of such a hub.
    static func witnessName(
        publicURL: String?,
        _ generator: inout some RandomNumberGenerator
    ) -> String {
        host(of: publicURL, &generator) + "/witness"
    }

    private static func host(
        of publicURL: String?,
        _ generator: inout some RandomNumberGenerator
    ) -> String {
        guard let publicURL, let start = publicURL.firstRange(of: "://")?.upperBound else {
            let number = String(UInt64.random(in: .min ... .max, using: &generator), radix: 16)
            return "balai-\(number)"
        }
        let place = publicURL[start...]
        return String(place.hasSuffix("/") ? place.dropLast() : place)
    }
}
