import ContextModel
import Foundation
import NIOCore
import Testing

@testable import Gateway

struct PageAssetsTests {
    @Test func `styles, scripts and the base map are read with their media types`() throws {
        let files = try PageAssets(leafletFolder: "/nowhere").files
        #expect(files["css/balai.css"]?.mediaType == "text/css; charset=utf-8")
        #expect(files["js/now.js"]?.mediaType == "text/javascript; charset=utf-8")
        #expect(files["map/phuket.geojson"]?.mediaType == "application/geo+json")
        #expect(files["leaflet/leaflet.js"] == nil)
        #expect(files["templates/now.mustache"] == nil)
    }

    @Test func `the tag of a file changes with its content only`() throws {
        let first = try PageAssets(leafletFolder: "/nowhere").files
        let second = try PageAssets(leafletFolder: "/nowhere").files
        #expect(first == second)
        #expect(Set(first.values.map(\.entityTag)).count == first.count)
    }

    @Test func `Leaflet is read from its folder, with the minified file preferred`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "leaflet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("large".utf8).write(to: folder.appending(path: "leaflet.js"))
        #expect(try text(of: "leaflet/leaflet.js", folder) == "large")
        try Data("small".utf8).write(to: folder.appending(path: "leaflet.min.js"))
        #expect(try text(of: "leaflet/leaflet.js", folder) == "small")
    }

    private func text(of path: String, _ folder: URL) throws -> String {
        let files = try PageAssets(leafletFolder: folder.path).files
        return String(buffer: files[path]?.bytes ?? ByteBuffer())
    }

    @Test func `the program contains every file of the folder, unchanged`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Sources/Gateway/Resources").standardized
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { $0.contains("/") && !$0.hasPrefix(".") }
        #expect(Set(paths) == Set(EmbeddedFiles.texts.keys))
        for path in paths {
            let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            #expect(EmbeddedFiles.texts[path] == text, "\(path)")
        }
    }

    @Test func `the base map is simplified Phuket and labelled so`() throws {
        let file = try #require(
            try PageAssets(leafletFolder: "/nowhere").files["map/phuket.geojson"]
        )
        let map = try #require(try JSONReader.read(file.bytes.readableBytesView).objectValue)
        #expect(map["name"]?.stringValue?.contains("simplified") == true)
        let box = try #require(map["bbox"]?.arrayValue).compactMap(\.numberValue?.doubleValue)
        #expect(box == [98.24, 7.74, 98.49, 8.22])
        for feature in try #require(map["features"]?.arrayValue) {
            let geometry = try #require(feature.objectValue?["geometry"])
            #expect(!flat(try #require(geometry.objectValue?["coordinates"])).isEmpty)
            for (east, north) in flat(try #require(geometry.objectValue?["coordinates"])) {
                #expect((98.1...98.5).contains(east) && (7.7...8.35).contains(north))
            }
        }
    }

    /// The positions of any geometry.
    private func flat(_ coordinates: JSONValue) -> [(Double, Double)] {
        let parts = coordinates.arrayValue ?? []
        let numbers = parts.compactMap(\.numberValue?.doubleValue)
        return numbers.count == 2 ? [(numbers[0], numbers[1])] : parts.flatMap(flat)
    }
}
