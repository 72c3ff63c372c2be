package import Foundation

/// A small file from which an interrupted import continues after the last acknowledged batch.
///
/// It exists only between the first acknowledged batch and the end of the import.
package struct ImportJournal: Sendable {
    /// The content of the file.
    struct Entry: Codable, Equatable {
        /// All records up to this one are in the hub or were reported.
        var acknowledgedRecords: Int
        var failures: Int
    }

    private let url: URL

    /// The journal of one import: the same files, unchanged, with the same map and the same hub.
    ///
    /// `identity` must say all this, always in the same way.
    package init(folder: URL, identity: String) {
        url = folder.appending(path: "import-\(Self.name(of: identity)).json")
    }

    /// A short name for an identity, always the same.
    package static func name(of identity: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
        for byte in identity.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }

    /// Properties of a file that distinguish it from other files and from changed ones.
    package static func identity(ofFile path: String) throws(SourceError) -> String {
        let attributes: [FileAttributeKey: Any]
        do { attributes = try FileManager.default.attributesOfItem(atPath: path) } catch {
            throw SourceError("`\(path)`: \(error.localizedDescription)")
        }
        let size = (attributes[.size] as? Int) ?? 0
        let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        let full = URL(filePath: path).standardizedFileURL.path
        return "\(full) \(size) \(changed)"
    }

    /// The entry of an interrupted run; nil if there was none.
    ///
    /// An unreadable file counts as none: starting again is always right, because importing twice
    /// changes nothing.
    func load() -> Entry? {
        guard let data = try? Data(contentsOf: url) else { return nil }
        return try? JSONDecoder().decode(Entry.self, from: data)
    }

    func save(_ entry: Entry) throws(SourceError) {
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try JSONEncoder().encode(entry).write(to: url, options: .atomic)
        } catch {
            throw SourceError("The journal `\(url.path)` cannot be written: \(error).")
        }
    }

    /// Removes the file after the import.
    func remove() {
        try? FileManager.default.removeItem(at: url)
    }
}
