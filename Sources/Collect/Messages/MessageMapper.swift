package import ContextModel
import Foundation

/// A message of a source, as it came.
package struct SourceMessage: Sendable {
    package var body: [UInt8]
    /// The topic of a message by MQTT.
    package var topic: String?
    package var receivedAt: Timestamp

    package init(_ body: [UInt8], topic: String? = nil, receivedAt: Timestamp) {
        self.body = body
        self.topic = topic
        self.receivedAt = receivedAt
    }
}

extension SourceMessage {
    var json: JSONValue {
        get throws(RowRefusal) {
            do throws(JSONError) { return try JSONReader.read(body) } catch {
                throw RowRefusal(reason: "The message is not JSON: \(error)")
            }
        }
    }
}

/// What became of a message.
package struct MappedMessage: Sendable {
    /// The entities with their readings, in the normalized representation.
    package var entities: [JSONValue] = []
    /// The reasons why rows, or all of it, could not be mapped.
    package var refusals: [String] = []
    /// The number that its sender gave the message.
    package var number: String?

    /// The most reasons that are kept of one message.
    static let maximumRefusals = 20

    /// Adds a reason, with the place in the message that it is about.
    mutating func refuse(_ reason: String, _ place: String?) {
        guard refusals.count < Self.maximumRefusals else { return }
        refusals.append(RowProblem.shortened((place.map { "\($0): " } ?? "") + reason))
    }

    /// Adds what another map made of the same message; equal reasons are told once.
    mutating func add(_ other: MappedMessage) {
        entities += other.entities
        for reason in other.refusals where !refusals.contains(reason) { refuse(reason, nil) }
        number = number ?? other.number
    }
}

/// Maps messages to entities, as a definition says.
struct MessageMapper: Sendable {
    let definition: SourceDefinition
    let columns: ColumnMap
    private let id: MapText
    private let time: MapText?
    private let number: MapText?
    private let match: MapText?
    private let attributes: [Field]
    private let place: (latitude: Field, longitude: Field)?
    private let geometry: MapCell?
    private let coordinates: MapText?
    private let every: SourceDefinition.Every?
    private let maximumSteps: Int
    private let skips: [(cell: MapCell, texts: Set<String>)]

    private struct Field: Sendable {
        var attribute: ColumnMap.Attribute
        /// The text of the value; nil for a constant.
        var text: MapText?
    }

    /// The most rows of a message.
    static let maximumRows = 10_000
    /// The most entities that a relationship leads to.
    static let maximumTargets = 1_000
    /// The most steps that JSONPaths and the search for members may take for one message.
    static let maximumSteps = 5_000_000

    /// A mapper for one of the definition's maps, of which the first has the number of the message and the
    /// members that become attributes without being named.
    ///
    /// `node` names the definition in errors.
    init(
        _ definition: SourceDefinition,
        _ map: ColumnMap,
        isFirst: Bool,
        _ node: MapNode
    ) throws(SourceError) {
        self.definition = definition
        self.columns = map
        every = isFirst ? definition.every : nil
        maximumSteps = Self.maximumSteps / max(1, definition.maps.count)
        id = try MapText(map.id, node)
        time = try map.time.map { (time) throws(SourceError) in try MapText(time.value, node) }
        number = try (isFirst ? definition.number : nil).map { (text) throws(SourceError) in
            try MapText(text, node)
        }
        match = try definition.join.map { (join) throws(SourceError) in
            try MapText(join.match, node)
        }
        var attributes: [Field] = []
        for attribute in map.entity + map.attributes {
            attributes.append(try Self.field(attribute, node))
        }
        self.attributes = attributes
        place = try map.location.map { (place) throws(SourceError) in
            let latitude = ColumnMap.Attribute(name: "latitude", source: place.latitude)
            let longitude = ColumnMap.Attribute(name: "longitude", source: place.longitude)
            return (try Self.field(latitude, node), try Self.field(longitude, node))
        }
        coordinates = try map.coordinates.map { (pair) throws(SourceError) in
            try MapText(pair.text, node)
        }
        geometry = try map.geometry.map { (name) throws(SourceError) in try node.cell(name) }
        var skips: [(cell: MapCell, texts: Set<String>)] = []
        for skip in map.skips { skips.append((try node.cell(skip.column), skip.texts)) }
        self.skips = skips
    }

    private static func field(
        _ attribute: ColumnMap.Attribute,
        _ node: MapNode
    ) throws(SourceError) -> Field {
        guard case .template(let template) = attribute.source else {
            return Field(attribute: attribute)
        }
        return Field(attribute: attribute, text: try MapText(template, node))
    }

    /// Maps a message; what cannot be mapped is told in the result.
    func map(_ message: SourceMessage) -> MappedMessage {
        var mapped = MappedMessage()
        let root: JSONValue
        let steps = PathSteps(maximumSteps)
        do throws(RowRefusal) {
            root = try content(of: message, &mapped)
            if let number {
                mapped.number = try MessageRow(levels: [root], message: message, steps: steps)
                    .text(number)
            }
            let rows = try rows(of: root, steps)
            guard rows.count <= Self.maximumRows else {
                throw RowRefusal(reason: "The message has more than \(Self.maximumRows) rows.")
            }
            let joined = try joinedElements(in: root, message, steps)
            var work = Work(
                clock: LocalClock(columns.time?.zone ?? .gmt),
                steps: steps
            )
            for (index, row) in rows.enumerated() {
                let place = rows.count > 1 ? "Row \(index + 1)" : nil
                try map(row, place, message, joined, &work, into: &mapped)
            }
        } catch {
            refuse(error, nil, &mapped)
        }
        return mapped
    }

    /// What changes while one message is mapped.
    private struct Work {
        var clock: LocalClock
        let steps: PathSteps
        var readings = 0
    }

    func refuse(_ refusal: RowRefusal, _ place: String?, _ mapped: inout MappedMessage) {
        mapped.refuse(refusal.reason, place)
    }

    // MARK: Rows

    /// How many rows the message has, which become entities or are skipped or refused; 0 where it
    /// cannot be read.
    func rowCount(of message: SourceMessage) -> Int {
        var ignored = MappedMessage()
        do throws(RowRefusal) {
            let root = try content(of: message, &ignored)
            return try rows(of: root, PathSteps(Self.maximumSteps)).count
        } catch {
            return 0
        }
    }

    private func rows(
        of root: JSONValue,
        _ steps: PathSteps
    ) throws(RowRefusal) -> [JSONValue] {
        guard let path = definition.rows else { return root.arrayValue ?? [root] }
        return try values(path, in: root, steps)
    }

    private func values(
        _ path: JSONPath,
        in value: JSONValue,
        _ steps: PathSteps
    ) throws(RowRefusal) -> [JSONValue] {
        do throws(JSONPathError) { return try path.values(in: value, steps) } catch {
            throw RowRefusal(reason: "\(error)")
        }
    }

    /// The elements that rows are joined with, by their keys.
    private func joinedElements(
        in root: JSONValue,
        _ message: SourceMessage,
        _ steps: PathSteps
    ) throws(RowRefusal) -> [String: JSONValue] {
        guard let join = definition.join else { return [:] }
        var elements: [String: JSONValue] = [:]
        for element in try values(join.rows, in: root, steps) {
            let row = MessageRow(levels: [element], message: message, steps: steps)
            if let key = try row.value(join.key)?.cellText { elements[key] = element }
        }
        return elements
    }

    /// Maps the readings of one row, each for itself.
    private func map(
        _ row: JSONValue,
        _ place: String?,
        _ message: SourceMessage,
        _ joined: [String: JSONValue],
        _ work: inout Work,
        into mapped: inout MappedMessage
    ) throws(RowRefusal) {
        var readings = [[row]]
        if let each = definition.each {
            readings = try values(each, in: row, work.steps).map { [$0, row] }
        }
        for (index, levels) in readings.enumerated() {
            work.readings += 1
            guard work.readings <= Self.maximumRows else {
                throw RowRefusal(reason: "The message has more than \(Self.maximumRows) readings.")
            }
            do throws(RowRefusal) {
                try map(levels, message, joined, &work, into: &mapped)
            } catch {
                let parts = [place, readings.count > 1 ? "reading \(index + 1)" : nil]
                let text = parts.compactMap(\.self).joined(separator: ", ")
                refuse(error, text.isEmpty ? nil : text, &mapped)
            }
        }
    }

    private func map(
        _ levels: [JSONValue],
        _ message: SourceMessage,
        _ joined: [String: JSONValue],
        _ work: inout Work,
        into mapped: inout MappedMessage
    ) throws(RowRefusal) {
        guard case .object = levels[0] else {
            throw RowRefusal(
                reason: "A reading is an object, not `\(levels[0].cellText.prefix(80))`."
            )
        }
        var row = MessageRow(levels: levels, message: message, steps: work.steps)
        if let match {
            let key = try row.text(match) ?? ""
            guard let element = joined[key] else {
                throw RowRefusal(reason: "There is nothing to join for `\(key)`.")
            }
            row.levels.append(element)
        }
        guard try !isSkipped(row) else { return }
        mapped.entities.append(try entity(row, &work.clock))
    }
}

// MARK: - Entities

extension MessageMapper {
    /// The entity of a row that is no part of a message; nil where the map leaves it out.
    func entity(
        _ levels: [JSONValue],
        _ clock: inout LocalClock
    ) throws(RowRefusal) -> JSONValue? {
        let message = SourceMessage([], receivedAt: Timestamp(microseconds: 0))
        let row = MessageRow(levels: levels, message: message, steps: PathSteps(maximumSteps))
        // Not as one expression: there `nil` would be a null of JSON.
        guard try !isSkipped(row) else { return nil }
        return try entity(row, &clock)
    }

    private func isSkipped(_ row: MessageRow) throws(RowRefusal) -> Bool {
        for skip in skips {
            let text = try row.value(skip.cell)?.cellText ?? ""
            if skip.texts.contains(text) { return true }
        }
        return false
    }

    private func entity(
        _ row: MessageRow,
        _ clock: inout LocalClock
    ) throws(RowRefusal) -> JSONValue {
        guard let id = try row.text(id, percentEncoding: true) else {
            throw RowRefusal(reason: "A part of the identifier is empty.")
        }
        var entity = JSONObject([("id", .string(id)), ("type", .string(columns.type))])
        let moment = try moment(of: row, &clock)
        if let value = try location(of: row) {
            var location: JSONObject = ["type": "GeoProperty", "value": value]
            if let moment, columns.isLocationObserved {
                location["observedAt"] = .string(moment.text)
            }
            entity.members.append(("location", .object(location)))
        }
        for field in attributes {
            guard let value = try value(of: field, in: row, &clock) else { continue }
            entity.members.append(
                (field.attribute.name, Self.attribute(field.attribute, value, moment))
            )
        }
        if let every {
            try addMembers(of: every, in: row, moment, to: &entity)
        }
        guard entity.count > 2 else {
            throw RowRefusal(reason: "Nothing of it becomes an attribute.")
        }
        return .object(entity)
    }

    private func moment(
        of row: MessageRow,
        _ clock: inout LocalClock
    ) throws(RowRefusal) -> Timestamp? {
        guard let time, let rules = columns.time else { return nil }
        guard let text = try row.text(time) else { throw RowRefusal(reason: "The time is empty.") }
        // What the hub itself says of a message is always in one notation.
        let isReceived = text == row.message.receivedAt.text
        let pattern = isReceived ? TimePattern.iso : rules.pattern
        guard var moment = pattern.read(text.utf8) else {
            throw RowRefusal(reason: "`\(text)` is not a time in the map's format.")
        }
        if moment.microsecondsOfDay < rules.dayStartMicroseconds, !isReceived { moment.day += 1 }
        return Timestamp(microseconds: clock.reading(of: moment).microseconds)
    }

    private static func attribute(
        _ attribute: ColumnMap.Attribute,
        _ value: JSONValue,
        _ moment: Timestamp?
    ) -> JSONValue {
        let isRelationship = attribute.conversion == .relationship
        var json = JSONObject([
            ("type", isRelationship ? "Relationship" : "Property"),
            (isRelationship ? "object" : "value", value),
        ])
        if let unitCode = attribute.unitCode {
            json.members.append(("unitCode", .string(unitCode)))
        }
        if let moment, attribute.isObserved {
            json.members.append(("observedAt", .string(moment.text)))
        }
        return .object(json)
    }

    /// The value of an attribute; nil where the cell is empty.
    private func value(
        of field: Field,
        in row: MessageRow,
        _ clock: inout LocalClock
    ) throws(RowRefusal) -> JSONValue? {
        if case .constant(let json) = field.attribute.source { return Self.constant(json) }
        if field.attribute.isSeveral, let text = field.text {
            let targets = try row.texts(text).filter { !columns.emptyTexts.contains($0) }
            guard targets.count <= Self.maximumTargets else {
                let reason = "leads to more than \(Self.maximumTargets) entities."
                throw RowRefusal(reason: "\(field.attribute.name): It \(reason)")
            }
            let values = targets.map { JSONValue.string($0) }
            if values.count > 1 { return .array(values) }
            return values.first ?? field.attribute.missing.flatMap(Self.constant)
        }
        guard
            let found = try field.text.flatMap({ (text) throws(RowRefusal) in
                try Self.found(text, in: row, field.attribute.conversion)
            }), !isEmpty(found)
        else { return field.attribute.missing.flatMap(Self.constant) }
        guard field.attribute.isConverted else { return found }
        do throws(RowRefusal) {
            return try converted(found, field.attribute.conversion, &clock)
        } catch {
            throw RowRefusal(reason: "\(field.attribute.name): \(error.reason)")
        }
    }

    /// The content of a cell or text.
    ///
    /// The identifier of another entity is made as that of a row is.
    private static func found(
        _ text: MapText,
        in row: MessageRow,
        _ conversion: ColumnMap.Conversion
    ) throws(RowRefusal) -> JSONValue? {
        guard conversion == .relationship, text.parts.count > 1 else { return try row.value(text) }
        return try row.text(text, percentEncoding: true).map { .string($0) }
    }

    private func isEmpty(_ value: JSONValue) -> Bool {
        let text = value.cellText
        return text.isEmpty || columns.emptyTexts.contains(text)
    }

    /// Whether there is no place where one could stand.
    private func isGap(_ value: JSONValue) -> Bool {
        isEmpty(value) || value.cellText.allSatisfy(\.isWhitespace)
    }

    private static func constant(_ json: [UInt8]) -> JSONValue? { try? JSONReader.read(json) }

    private func converted(
        _ value: JSONValue,
        _ conversion: ColumnMap.Conversion,
        _ clock: inout LocalClock
    ) throws(RowRefusal) -> JSONValue {
        if conversion == .number, case .number = value { return value }
        let text = value.cellText
        switch conversion {
        case .string, .relationship: return .string(text)
        case .number:
            guard let number = NumberText.read(text, columns.numbers) else {
                throw NumberText.refusal(of: text, columns.numbers)
            }
            return .number(number)
        case .boolean: return .bool(try CellWriter.flag(text))
        case .dateTime:
            let moment = try CellWriter.moment(text, &clock)
            return ["@type": "DateTime", "@value": .string(moment.text)]
        }
    }

    private func location(of row: MessageRow) throws(RowRefusal) -> JSONValue? {
        if let geometry {
            // A feature without a place has null for it (RFC 7946, clause 3.2).
            guard let value = try row.value(geometry), value != .null else { return nil }
            guard value.objectValue?["type"]?.stringValue != nil else {
                throw RowRefusal(reason: "`\(value.cellText.prefix(80))` is no place of GeoJSON.")
            }
            return value
        }
        if let coordinates, let rules = columns.coordinates {
            guard let text = try row.text(coordinates), !isGap(.string(text)) else { return nil }
            let found = try CoordinateText.read(
                text,
                isLongitudeFirst: rules.isLongitudeFirst,
                columns.numbers
            )
            return Self.point(found.latitude, found.longitude)
        }
        guard let place else { return nil }
        guard let latitude = try degrees(place.latitude, row, limit: 90),
            let longitude = try degrees(place.longitude, row, limit: 180)
        else { return nil }
        return Self.point(latitude, longitude)
    }

    private static func point(_ latitude: JSONNumber, _ longitude: JSONNumber) -> JSONValue {
        ["type": "Point", "coordinates": [.number(longitude), .number(latitude)]]
    }

    private func degrees(
        _ field: Field,
        _ row: MessageRow,
        limit: Double
    ) throws(RowRefusal) -> JSONNumber? {
        var value: JSONValue?
        if case .constant(let json) = field.attribute.source {
            value = Self.constant(json)
        } else if let text = field.text {
            value = try row.value(text)
        }
        guard let value, !isGap(value) else { return nil }
        let text = value.cellText
        guard let number = NumberText.read(text, columns.numbers) else {
            throw NumberText.refusal(of: text, columns.numbers)
        }
        guard abs(number.doubleValue) <= limit else {
            throw RowRefusal(reason: "`\(text)` is beyond \(Int(limit)) degrees.")
        }
        return number
    }

    /// Adds each number, text and boolean of the object under its own name.
    private func addMembers(
        of every: SourceDefinition.Every,
        in row: MessageRow,
        _ moment: Timestamp?,
        to entity: inout JSONObject
    ) throws(RowRefusal) {
        guard case .object(let object)? = try row.value(.path(every.object)) else { return }
        var names = Set(entity.members.map(\.key))
        for (key, value) in object.members where !every.except.contains(key) {
            switch value {
            case .number, .bool, .string: break
            case .null, .array, .object: continue
            }
            guard !isEmpty(value) else { continue }
            let name = names.take(Self.attributeName(key))
            let attribute = ColumnMap.Attribute(name: name, source: .constant([]))
            entity.members.append((name, Self.attribute(attribute, value, moment)))
        }
    }

    /// A name that an attribute can have: letters of any script, digits and `_`, and no word of the entity's own.
    private static func attributeName(_ key: String) -> String {
        var name = ""
        for scalar in key.unicodeScalars {
            name.unicodeScalars.append(scalar.isOfName || scalar == "_" ? scalar : "_")
        }
        let isReserved = ["id", "type", "scope", "location"].contains(name)
        guard name.unicodeScalars.first?.properties.isAlphabetic == true, !isReserved else {
            return "value_" + name
        }
        return name
    }
}

extension Unicode.Scalar {
    /// Whether it is a letter, a mark on one, or a digit.
    fileprivate var isOfName: Bool {
        let isMark = [.nonspacingMark, .spacingMark].contains(properties.generalCategory)
        return properties.isAlphabetic || isMark || properties.numericType != nil
    }
}
