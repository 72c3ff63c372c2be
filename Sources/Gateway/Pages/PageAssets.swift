import Foundation
package import NIOCore

/// The files pages are made of: templates, styles, scripts and the base map, which are part of the
/// program, and Leaflet, which is read at the start.
package struct PageAssets: Sendable {
    /// One file as it is served.
    package struct File: Sendable, Equatable {
        /// What all answers share.
        package var bytes: ByteBuffer
        package var mediaType: String
        /// A strong validator: changes with every byte.
        package var entityTag: String
    }

    /// By the path under `/assets/`.
    package private(set) var files: [String: File] = [:]
    /// By name, without the extension.
    package private(set) var templates: [String: String] = [:]

    /// A file with more than this is not what it should be.
    private static let maximumFileBytes = 4 * 1024 * 1024

    private static let mediaTypes = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "geojson": "application/geo+json", "png": "image/png", "svg": "image/svg+xml",
    ]

    /// The map library's files that pages use, each with the names it may have on disk.
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
            } else {
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

    /// FNV-1a: no secret hangs on it, it only has to change when the file does.
    private static func fingerprint(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        return String(hash, radix: 16)
    }
}
