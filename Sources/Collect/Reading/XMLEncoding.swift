/// The encoding of an XML document that is in memory (XML 1.0, clause 4.3.3).
enum XMLEncoding {
    /// What names of encodings stand for, in lower case.
    private static let names: [String: TextEncoding] = [
        "utf-8": .utf8, "utf8": .utf8, "us-ascii": .utf8, "ascii": .utf8, "iso-8859-1": .latin1,
        "latin1": .latin1, "windows-1252": .windows1252, "cp1252": .windows1252,
        "windows-874": .windows874, "tis-620": .windows874, "iso-8859-11": .windows874,
    ]
    /// The bytes at the beginning in which the declaration stands.
    private static let declarationBytes = 256

    /// The document in UTF-8: decoded by its byte order mark, else as its declaration says.
    ///
    /// Throws for an encoding that is not known.
    static func utf8(_ bytes: [UInt8], name: String) throws(SourceError) -> [UInt8] {
        var encoding = TextEncoding.utf8
        var content = bytes
        if let marked = TextEncoding.marked(bytes) {
            encoding = marked.encoding
            content = Array(bytes.dropFirst(marked.markBytes))
        } else if let guessed = TextEncoding.guessed(Array(bytes.prefix(declarationBytes))) {
            encoding = guessed
        } else if let declared = declared(in: bytes) {
            guard let known = names[declared.lowercased()] else {
                throw SourceError("`\(name)` has the encoding `\(declared)`, which is not known.")
            }
            encoding = known
        }
        guard encoding != .utf8 else { return content }
        var decoder = TextDecoder(encoding)
        return decoder.decode(content) + decoder.finish()
    }

    /// The name of the encoding in the declaration; nil without one.
    private static func declared(in bytes: [UInt8]) -> String? {
        let start = String(decoding: bytes.prefix(declarationBytes), as: UTF8.self)
        guard start.hasPrefix("<?xml"), let declaration = start.split(separator: "?>").first,
            let value = declaration.firstMatch(of: /\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/)
        else { return nil }
        return String(value.output.1)
    }
}
