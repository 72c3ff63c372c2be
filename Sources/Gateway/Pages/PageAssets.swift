import Foundation
package import NIOCore

/// The files of pages: templates, styles, scripts and the base map, which are part of the program,
/// and Leaflet, which is read at the start.
package struct PageAssets: Sendable {
    /// A file as it is served.
    package struct File: Sendable, Equatable {
        /// The content, shared by all answers.
        package var bytes: ByteBuffer
        package var mediaType: String
        /// A strong validator, which changes with every byte.
        package var entityTag: String
    }

    /// The files by their paths under `/assets/`.
    package private(set) var files: [String: File] = [:]
    /// The templates by name, without the extension.
    package private(set) var templates: [String: String] = [:]

    /// The most bytes of a file.
    private static let maximumFileBytes = 4 * 1024 * 1024

    private static let mediaTypes = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "geojson": "application/geo+json", "json": "application/json", "png": "image/png",
        "svg": "image/svg+xml",
    ]

    /// The files of the map library, each with the names it may have on disk.
    private static let leafletFiles = [
        "leaflet.js": ["leaflet.min.js", "leaflet.js"], "leaflet.css": ["leaflet.css"],
    ]

    /// Takes the program's own files and, where it is installed, Leaflet's.
    ///
    /// Without Leaflet the pages work, except for the map.
    package init(leafletFolder: String) throws {
        for (path, text) in EmbeddedFiles.texts {
            if let name = path.split(separator: "/").last, path.hasPrefix("templates/") {
                templates[String(name.prefix { $0 != "." })] = text
            } else if !path.hasPrefix("words/") {
                add(path, Array(text.utf8))
            }
        }
        for (name, candidates) in Self.leafletFiles {
            let paths = candidates.map { "\(leafletFolder)/\($0)" }
            if let path = paths.first(where: FileManager.default.isReadableFile) {
                add("leaflet/\(name)", try Self.read(path))
            }
        }
    }

    private mutating func add(_ name: String, _ bytes: [UInt8]) {
        let kind = String(name.reversed().prefix { $0 != "." }.reversed())
        guard let mediaType = Self.mediaTypes[kind] else { return }
        files[name] = File(
            bytes: ByteBuffer(bytes: bytes),
            mediaType: mediaType,
            entityTag: "\"\(Self.fingerprint(bytes))\""
        )
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let data = try Data(contentsOf: URL(filePath: path))
        guard data.count <= maximumFileBytes else {
            throw PageError(description: "\(path) is too large for a page: \(data.count) bytes.")
        }
        return Array(data)
    }

    /// A hash (FNV-1a) that changes with the file; it is not for security.
    private static func fingerprint(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        return String(hash, radix: 16)
    }
}
