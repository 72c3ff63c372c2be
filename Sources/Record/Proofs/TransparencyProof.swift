internal import ContextModel

/// A proof that an entry is in the record, in a file that needs nothing else to be checked but public
/// keys (C2SP tlog-proof).
///
/// The extra data of the file hold the entry, and for a person what the entry says of them.
package struct TransparencyProof: Sendable, Hashable {
    /// What shows that the entry was made of an opening.
    package struct Disclosure: Sendable, Hashable {
        /// The opening's bytes.
        package var opening: [UInt8]
        package var salt: Salt
        /// The place of its commitment among those of the entry.
        package var place: Int
        /// The hashes that lead from the commitment to the root in the entry.
        package var path: [TreeHash]
    }
    /// The number of the entry, from 0.
    package var index: Int
    /// The hashes that lead from the entry to the root of the checkpoint.
    package var path: [TreeHash]
    package var checkpoint: SignedCheckpoint
    /// The bytes of the entry.
    package var entry: [UInt8]
    package var disclosure: Disclosure?
}

// MARK: - Text

extension TransparencyProof {
    private static let mark = "c2sp.org/tlog-proof@v1"
    /// Hashes of the longest proof.
    static let maximumPath = 63
    /// Bytes of the longest file.
    package static let maximumBytes = 4 << 20

    /// The file, `.tlog-proof`.
    package var text: String {
        """
        \(Self.mark)
        extra \(Base64.text(of: extra))
        index \(index)
        \(path.map { "\($0)\n" }.joined())
        \(checkpoint.text)
        """
    }

    /// Reads a file.
    package init(_ text: String) throws(ProofError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw ProofError(.malformed, "The proof has more than \(Self.maximumBytes) bytes.")
        }
        guard let end = text.firstRange(of: "\n\n") else {
            throw ProofError(.malformed, "The proof has no checkpoint under an empty line.")
        }
        var lines = text[..<end.lowerBound].split(
            separator: "\n",
            omittingEmptySubsequences: false
        )[...]
        guard lines.popFirst() == Self.mark[...] else {
            throw ProofError(.malformed, "The file does not begin with \(Self.mark).")
        }
        guard let line = lines.popFirst(), line.hasPrefix("extra "),
            let extra = Base64.bytes(of: line.dropFirst(6))
        else { throw ProofError(.malformed, "The proof does not hold its entry.") }
        guard let line = lines.popFirst(), line.hasPrefix("index "),
            let index = DecimalNumber.read(line.dropFirst(6))
        else { throw ProofError(.malformed, "The proof does not say which entry it is of.") }
        guard lines.count <= Self.maximumPath,
            let path = Self.hashes(lines.map(String.init))
        else { throw ProofError(.malformed, "A line of the proof is no hash.") }
        self.index = index
        self.path = path
        checkpoint = try SignedCheckpoint(String(text[end.upperBound...]))
        (entry, disclosure) = try Self.content(extra)
        guard self.extra == extra else {
            throw ProofError(.malformed, "The proof holds more than its entry and an opening.")
        }
    }

    private static func hashes(_ lines: [String]) -> [TreeHash]? {
        let hashes = lines.compactMap { TreeHash(base64: $0) }
        return hashes.count == lines.count ? hashes : nil
    }

    /// `{"entry":"…","opening":"…","salt":"…","place":0,"path":["…"]}`, the last four for a person.
    private var extra: [UInt8] {
        var writer = JSONWriter(reservingBytes: 1_024)
        writer.beginObject()
        writer.key("entry")
        writer.string(String(decoding: entry, as: UTF8.self))
        if let disclosure {
            writer.key("opening")
            writer.string(String(decoding: disclosure.opening, as: UTF8.self))
            writer.key("salt")
            writer.string(Base64.text(of: disclosure.salt.bytes))
            writer.key("place")
            writer.number(disclosure.place)
            writer.key("path")
            writer.beginArray()
            for hash in disclosure.path { writer.string(hash.description) }
            writer.endArray()
        }
        writer.endObject()
        return writer.bytes
    }

    private static func content(_ extra: [UInt8]) throws(ProofError) -> ([UInt8], Disclosure?) {
        guard let object = try? JSONReader.read(extra).objectValue,
            let entry = object["entry"]?.stringValue
        else { throw ProofError(.malformed, "The proof does not hold its entry.") }
        guard let opening = object["opening"]?.stringValue else { return (Array(entry.utf8), nil) }
        guard
            let salt = object["salt"]?.stringValue.flatMap({ Base64.bytes(of: $0) })
                .flatMap(Salt.init(_:)), let place = object.count("place"),
            let lines = object["path"]?.arrayValue, lines.count <= maximumPath,
            let path = hashes(lines.map { $0.stringValue ?? "" })
        else { throw ProofError(.malformed, "The proof does not say how its entry is opened.") }
        let disclosure = Disclosure(
            opening: Array(opening.utf8),
            salt: salt,
            place: place,
            path: path
        )
        return (Array(entry.utf8), disclosure)
    }
}
