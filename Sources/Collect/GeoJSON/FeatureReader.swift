import ContextModel

/// Reads the features of a file one by one: of a collection (RFC 7946), or of a sequence with a feature on
/// each line or after each record separator (RFC 8142).
///
/// A collection is never in memory as a whole: its features are read where they stand.
struct FeatureReader {
    /// The most bytes of a feature, and of what a collection has beside its features.
    static let maximumBytes = 16 << 20
    private static let recordSeparator: UInt8 = 0x1E

    enum Found {
        case feature(JSONObject)
        case problem(RowProblem)
    }

    private var bytes: ByteReader
    private var line = 1
    /// The text of the feature, or of the collection without its features.
    private var text: [UInt8] = []
    private var collection: [UInt8]?
    private(set) var startLine = 1

    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The last text at the first level of an object, which may be the name of a member.
    private var name: [UInt8] = []
    private var excessBytes = 0
    /// Whether each line has a feature, as the first one had.
    private var isByLine: Bool?

    init(_ source: any ByteSource) { bytes = ByteReader(source) }

    var file: String { bytes.source.name }

    var extent: ImportExtent { bytes.extent }

    func problem(_ reason: String, line: Int? = nil) -> RowProblem {
        RowProblem(file: file, line: line ?? startLine, reason: reason)
    }

    /// The next feature, or a problem; nil at the end.
    mutating func next() throws(SourceError) -> Found? {
        while let byte = try bytes.next() {
            if byte == 0x0A { line += 1 }
            if byte == Self.recordSeparator, !isInString || isByLine != false {
                if let broken = abandon() { return broken }
                continue
            }
            if byte == 0x0A, isByLine == true, depth > 0 {
                if let broken = abandon() { return broken }
                continue
            }
            if let found = try take(byte) { return found }
        }
        if depth > 0 || collection != nil || !text.isEmpty {
            let line = startLine
            reset()
            collection = nil
            return .problem(problem("The file ends within an object.", line: line))
        }
        return nil
    }
}

// MARK: - Bytes

extension FeatureReader {
    private mutating func take(_ byte: UInt8) throws(SourceError) -> Found? {
        if depth == 0 {
            switch byte {
            // Between objects: white space, a byte order mark, and the commas and end of a collection.
            case 0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF: return nil
            case UInt8(ascii: ",") where collection != nil: return nil
            case UInt8(ascii: "]") where collection != nil: return goOnAfterFeatures()
            case UInt8(ascii: "{"): startLine = line
            default:
                reset()
                throw SourceError(
                    "`\(file)` is not GeoJSON: on line \(line) it has something else than an object."
                )
            }
        }
        append(byte)
        scan(byte)
        if isAtFeatures(byte) {
            try refuseOtherSystem(ofHead: text + Array("]}".utf8))
            collection = text
            let line = startLine
            reset()
            startLine = line
            return nil
        }
        return depth == 0 ? try finished() : nil
    }

    /// Whether the byte begins the features of a collection.
    private func isAtFeatures(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "[") && depth == 2 && collection == nil && !isInString
            && name.elementsEqual("features".utf8)
    }

    /// Goes on with what a collection has after its features.
    private mutating func goOnAfterFeatures() -> Found? {
        text = (collection ?? []) + [UInt8(ascii: "]")]
        collection = nil
        depth = 1
        name = []
        return nil
    }

    private mutating func scan(_ byte: UInt8) {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            if isInString, depth == 1, name.count < 16 { name.append(byte) }
            return
        }
        switch byte {
        case UInt8(ascii: "\""):
            isInString = true
            if depth == 1 { name = [] }
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        case UInt8(ascii: ",") where depth == 1: name = []
        default: break
        }
    }

    private mutating func append(_ byte: UInt8) {
        guard text.count < Self.maximumBytes else {
            excessBytes += 1
            return
        }
        text.append(byte)
    }

    /// What an object is that has ended.
    private mutating func finished() throws(SourceError) -> Found? {
        defer { reset() }
        if isByLine == nil { isByLine = collection == nil && startLine == line }
        guard excessBytes == 0 else {
            return .problem(problem("The feature has more than \(Self.maximumBytes) bytes."))
        }
        let object: JSONObject
        do throws(JSONError) {
            guard case .object(let read) = try JSONReader.read(text) else { return nil }
            object = read
        } catch {
            return .problem(
                problem("This is not JSON: \(error.message)", line: startLine + error.line - 1)
            )
        }
        try refuseOtherSystem(object["crs"])
        switch object["type"]?.stringValue {
        case "Feature": return .feature(object)
        case "FeatureCollection" where collection == nil: return nil
        case let type:
            return .problem(
                problem("This is no feature, but \(type.map { "a `\($0)`" } ?? "has no type").")
            )
        }
    }

    /// Leaves what was read of an object that does not end where it should.
    private mutating func abandon() -> Found? {
        guard depth > 0 else { return nil }
        let line = startLine
        reset()
        return .problem(problem("The feature does not end on its line.", line: line))
    }

    private mutating func reset() {
        text.removeAll(keepingCapacity: true)
        (depth, isInString, isEscaped, excessBytes) = (0, false, false, 0)
        name = []
    }

    /// RFC 7946 has degrees of WGS 84 alone (section 4); files from before it may name another system.
    private func refuseOtherSystem(_ system: JSONValue?) throws(SourceError) {
        guard let system, system != .null else { return }
        let name = system.objectValue?["properties"]?.objectValue?["name"]?.stringValue ?? ""
        guard name.hasSuffix("CRS84") || name.hasSuffix("EPSG::4326") || name == "EPSG:4326" else {
            throw SourceError(
                "`\(file)` has coordinates of another system than WGS 84 (`\(name)`). Convert it: "
                    + "ogr2ogr -t_srs EPSG:4326 -f GeoJSONSeq /dev/stdout FILE | balai import geojson -"
            )
        }
    }

    /// Looks at what a collection says before its features.
    private func refuseOtherSystem(ofHead head: [UInt8]) throws(SourceError) {
        let object: JSONObject?
        do throws(JSONError) { object = try JSONReader.read(head).objectValue } catch {
            throw SourceError("`\(file)` is not GeoJSON: \(error.message)")
        }
        try refuseOtherSystem(object?["crs"])
    }
}
