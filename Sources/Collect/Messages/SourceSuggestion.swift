import ContextModel

/// Proposes a definition for a sample of messages, and says what it is unsure of.
///
/// It is a proposal for a person: what is only likely stands in the text as a remark.
package struct SourceSuggestion: Sendable {
    /// The definition in YAML; its remarks begin with `#`.
    package let text: String
    /// The remarks alone.
    package let doubts: [String]

    /// One member of the rows, with its values.
    private struct Member {
        /// How a map names it.
        var cell: String
        var name: String
        var values: [JSONValue]
    }

    /// The most rows that are looked at, and the depth of objects in them.
    private static let maximumRows = 1_000
    private static let maximumDepth = 3

    /// Proposes a definition for a sample in JSON (a value, or one on each line) or CSV.
    ///
    /// `type` is that of the entities, if it is known. Throws for a sample that is neither, or
    /// has no rows.
    package init(sample: [UInt8], type: String? = nil) throws(SourceError) {
        var doubts: [String] = []
        let (root, isCSV) = try Self.read(sample)
        let (path, rows) = Self.rows(in: root)
        guard !rows.isEmpty else { throw SourceError("The sample has no object to map.") }
        let members = Self.members(of: rows)
        var used: Set<String> = []
        let id = Self.identifier(among: members, rows.count, &doubts)
        if let id { used.insert(id.cell) }
        let time = Self.time(among: members, &doubts)
        if let time { used.insert(time.member.cell) }
        let place = Self.place(among: members)
        used.formUnion([place?.latitude, place?.longitude].compactMap { $0?.cell })
        var text = "# Set how messages come: webhook, mqtt or poll (docs/connecting.md).\n"
        text += "webhook: {bearer: {variable: BALAI_SOURCE_NAME}}\n"
        if isCSV { text += "format: csv\n" }
        if let path { text += "rows: \(Self.quoted(path))\n" }
        if type == nil { doubts.append("The type is not known: `Device` is a guess.") }
        let type = type ?? "Device"
        text += "map:\n  type: \(Self.quoted(type))\n"
        text += "  id: \(Self.quoted("urn:ngsi-ld:\(type):{\(id?.cell ?? "NAME")}"))\n"
        if let time {
            let format = time.format.map { ", format: \($0)" } ?? ""
            text += "  time: {column: \(Self.quoted(time.member.cell))\(format)}\n"
        } else {
            text += "  time: {value: \"{received}\"}\n"
        }
        if let place {
            text += "  location: {latitude: \(Self.quoted(place.latitude.cell)), "
            text += "longitude: \(Self.quoted(place.longitude.cell))}\n"
        }
        text += "  attributes:\n"
        var count = 0
        var names: Set<String> = []
        for member in members where !used.contains(member.cell) {
            guard let line = Self.attribute(member, isCSV, &names, &doubts) else { continue }
            text += line
            count += 1
        }
        guard count > 0 else { throw SourceError("The sample has nothing that was measured.") }
        self.text = doubts.map { "# Unsure: \($0)\n" }.joined() + text
        self.doubts = doubts
    }

    // MARK: Rows

    private static func read(_ sample: [UInt8]) throws(SourceError) -> (JSONValue, isCSV: Bool) {
        if let json = try? JSONReader.read(sample) { return (json, false) }
        let lines = sample.split { $0 == 0x0A }.prefix(maximumRows)
        let values = lines.compactMap { try? JSONReader.read($0) }
        if !values.isEmpty, values.count == lines.count { return (.array(values), false) }
        guard sample.first != UInt8(ascii: "{"), sample.first != UInt8(ascii: "["),
            var table = try Table.unlessEmpty(MemoryBytes(sample, name: "sample"))
        else { throw SourceError("The sample is neither JSON nor a table with commas.") }
        var rows: [JSONValue] = []
        while rows.count < maximumRows {
            switch try table.next() {
            case .end: return (.array(rows), true)
            case .problem: continue
            case .row:
                let members = table.columns.enumerated().map {
                    (key: $1, value: JSONValue.string(table.row.text($0)))
                }
                rows.append(.object(JSONObject(members.filter { !$0.key.isEmpty })))
            }
        }
        return (.array(rows), true)
    }

    /// The longest list of objects, with its path; the value itself where there is none.
    private static func rows(in root: JSONValue) -> (path: String?, rows: [JSONObject]) {
        if case .array(let elements) = root {
            return (nil, elements.prefix(maximumRows).compactMap(\.objectValue))
        }
        guard case .object(let object) = root else { return (nil, []) }
        var best: (path: String?, rows: [JSONObject]) = (nil, [object])
        var open: [(path: String, value: JSONObject, depth: Int)] = [("$", object, 0)]
        while let (path, value, depth) = open.popLast() {
            for (key, member) in value.members {
                let inner = path + step(key)
                if case .array(let elements) = member {
                    let rows = elements.prefix(maximumRows).compactMap(\.objectValue)
                    // A list of one may be a part of one thing.
                    if rows.count > 1, rows.count > best.rows.count {
                        best = (inner + "[*]", rows)
                    }
                } else if case .object(let object) = member, depth < maximumDepth {
                    open.append((inner, object, depth + 1))
                }
            }
        }
        return best
    }

    private static func step(_ key: String) -> String {
        let scalars = Array(key.unicodeScalars)
        let isPlain =
            !scalars.isEmpty
            && scalars.enumerated().allSatisfy { PathParser.isName($1, isFirst: $0 == 0) }
        if isPlain { return "." + key }
        let escaped = key.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return "['\(escaped)']"
    }

    /// All members of the rows, those of objects inside by their paths.
    private static func members(of rows: [JSONObject]) -> [Member] {
        var members: [Member] = []
        var places: [String: Int] = [:]
        func add(_ object: JSONObject, _ path: String?, _ depth: Int) {
            for (key, value) in object.members {
                let inner = (path ?? "$") + step(key)
                if case .object(let object) = value {
                    if depth < maximumDepth { add(object, inner, depth + 1) }
                    continue
                }
                // A name with a dollar, a brace or a dot at its beginning is written as a path.
                let isPlain =
                    path == nil && !key.hasPrefix("$") && !key.contains { "{}".contains($0) }
                let cell = isPlain && !["topic", "received"].contains(key) ? key : inner
                if let place = places[cell] {
                    members[place].values.append(value)
                } else {
                    places[cell] = members.count
                    members.append(Member(cell: cell, name: key, values: [value]))
                }
            }
        }
        for row in rows { add(row, nil, 0) }
        return members
    }

    // MARK: Parts

    private static func identifier(
        among members: [Member],
        _ rows: Int,
        _ doubts: inout [String]
    ) -> Member? {
        let words = ["id", "eui", "uuid", "device", "station", "sensor", "serial", "code", "name"]
        func rank(_ member: Member) -> Int? {
            let name = member.name.lowercased()
            return words.firstIndex { name == $0 || name.hasSuffix($0) || name.hasPrefix($0) }
        }
        let candidates = members.filter { member in
            let isText = member.values.allSatisfy { value in
                switch value {
                case .string(let text): !text.isEmpty
                case .number(let number): number.intValue != nil
                case .null, .bool, .array, .object: false
                }
            }
            return isText && member.values.count == rows && rank(member) != nil
        }
        guard let best = candidates.min(by: { rank($0) ?? 0 < rank($1) ?? 0 }) else {
            doubts.append(
                "Nothing looks like an identifier: put a cell, or `topic.N`, in the place of `NAME`."
            )
            return nil
        }
        if candidates.count > 1 {
            let others = candidates.filter { $0.cell != best.cell }.map { "`\($0.cell)`" }
            doubts.append(
                "`\(best.cell)` is taken as the identifier; it could be "
                    + others.joined(separator: ", ") + "."
            )
        }
        if rows > 1, Set(best.values).count < rows {
            doubts.append("`\(best.cell)` is not different in all rows.")
        }
        return best
    }

    private static func time(
        among members: [Member],
        _ doubts: inout [String]
    ) -> (member: Member, format: String?)? {
        var found: [(member: Member, format: String?)] = []
        for member in members {
            let texts = member.values.map(\.cellText)
            guard !texts.contains("") else { continue }
            if texts.allSatisfy({ $0.contains(":") && TimePattern.iso.read($0.utf8) != nil }) {
                found.append((member, nil))
                if texts.contains(where: { TimePattern.iso.read($0.utf8)?.offsetSeconds == nil }) {
                    doubts.append("`\(member.cell)` has no offset from UTC: add `zone` to `time`.")
                }
                continue
            }
            // Moments from 2001 to 2100.
            let numbers = texts.compactMap { Double($0) }
            guard numbers.count == texts.count else { continue }
            for (unit, format) in [(1.0, "epochSeconds"), (1e3, "epochMilliseconds")]
            where numbers.allSatisfy({ $0 >= 1e9 * unit && $0 <= 4.1e9 * unit }) {
                found.append((member, format))
                doubts.append("`\(member.cell)` looks like a time (`\(format)`).")
            }
        }
        guard let first = found.first else {
            doubts.append("There is no time: the moment of receipt is taken.")
            return nil
        }
        if found.count > 1 {
            let others = found.dropFirst().map { "`\($0.member.cell)`" }
            doubts.append(
                "`\(first.member.cell)` is taken as the time; it could be "
                    + others.joined(separator: ", ") + "."
            )
        }
        return first
    }

    private static func place(
        among members: [Member]
    ) -> (latitude: Member, longitude: Member)? {
        func find(_ names: [String], _ limit: Double) -> Member? {
            members.first { member in
                names.contains(member.name.lowercased())
                    && member.values.allSatisfy {
                        Double($0.cellText).map { abs($0) <= limit } ?? false
                    }
            }
        }
        guard let latitude = find(["latitude", "lat"], 90),
            let longitude = find(["longitude", "lon", "lng", "long"], 180)
        else { return nil }
        return (latitude, longitude)
    }

    /// The line of an attribute; nil for what has no value.
    private static func attribute(
        _ member: Member,
        _ isCSV: Bool,
        _ names: inout Set<String>,
        _ doubts: inout [String]
    ) -> String? {
        let values = member.values.filter { !$0.isNull && !$0.cellText.isEmpty }
        guard let first = values.first else {
            doubts.append("`\(member.cell)` is empty in the sample, and left out.")
            return nil
        }
        if case .array = first {
            doubts.append("`\(member.cell)` is a list, and left out.")
            return nil
        }
        var conversion = ""
        let areTexts = values.allSatisfy { $0.stringValue != nil }
        let areNumbers = values.allSatisfy { NumberText.read($0.cellText) != nil }
        if areTexts, areNumbers {
            conversion = ", as: number"
            let hasZeros = values.contains { $0.cellText.hasPrefix("0") && $0.cellText.count > 1 }
            if hasZeros, values.contains(where: { !$0.cellText.contains(".") }) {
                doubts.append("`\(member.cell)` may be a code and not a number.")
            }
        } else if !areTexts, values.contains(where: { $0.stringValue != nil }) {
            doubts.append("`\(member.cell)` has values of several kinds.")
        }
        let own = attributeName(member.name)
        let name = names.take(own)
        if name != own {
            doubts.append("`\(member.cell)` is called `\(name)`, as `\(own)` is taken.")
        }
        return "    \(name): {column: \(quoted(member.cell))\(conversion)}\n"
    }

    private static func attributeName(_ name: String) -> String {
        var words: [String] = []
        var word = ""
        for scalar in name.unicodeScalars {
            let character = Character(scalar)
            if scalar.isASCII, character.isLetter || character.isNumber {
                word.append(character)
            } else if !word.isEmpty {
                words.append(word)
                word = ""
            }
        }
        if !word.isEmpty { words.append(word) }
        guard let first = words.first else { return "value" }
        let isCapital = first.count > 1 && first == first.uppercased()
        let head = isCapital ? first.lowercased() : first.prefix(1).lowercased() + first.dropFirst()
        let joined =
            head + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let isReserved = ["id", "type", "scope", "location"].contains(joined)
        return isReserved || joined.first?.isNumber == true ? "value_" + joined : joined
    }

    /// A text for YAML, in quotes where it would be read as something else.
    private static func quoted(_ text: String) -> String {
        let isPlain =
            text.first?.isLetter == true
            && text.utf8.allSatisfy {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
                    || $0 == 0x5F || $0 == 0x2D
            }
            && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(
                text.lowercased()
            )
        if isPlain { return text }
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }
}
