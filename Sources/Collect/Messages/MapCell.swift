import ContextModel

/// What a name in a map stands for in a message.
enum MapCell: Sendable {
    /// A member of the reading, of its row, or of the element joined to it.
    case member(String)
    /// The first value that a JSONPath selects in the reading, in its row, or in the element joined.
    case path(JSONPath)
    /// The topic, or one level of it, counted from 1.
    case topic(level: Int?)
    /// The moment at which the hub received the message.
    case received
}

extension MapNode {
    /// What the name stands for: a JSONPath begins with `$`.
    func cell(_ name: String) throws(SourceError) -> MapCell {
        if name.hasPrefix("$") {
            do throws(JSONPathError) { return .path(try JSONPath(name)) } catch {
                throw wrong("\(error)")
            }
        }
        if name == "topic" { return .topic(level: nil) }
        if name == "received" { return .received }
        if name.hasPrefix("topic."), let level = Int(name.dropFirst(6)) {
            guard level > 0 else { throw wrong("The levels of a topic are counted from 1.") }
            return .topic(level: level)
        }
        return .member(name)
    }
}

/// A text of a map with the cells that it names.
struct MapText: Sendable {
    enum Part: Sendable {
        case text(String)
        case cell(MapCell)
    }

    let parts: [Part]

    init(_ template: Template, _ node: MapNode) throws(SourceError) {
        var parts: [Part] = []
        for part in template.parts {
            switch part {
            case .text(let text): parts.append(.text(text))
            case .column(let name): parts.append(.cell(try node.cell(name)))
            }
        }
        self.parts = parts
    }
}

/// One reading of a message, in which cells are looked up.
struct MessageRow {
    /// The reading, its row and the element joined to it, in the order in which a name is looked
    /// up.
    var levels: [JSONValue]
    let message: SourceMessage
    /// The steps that are left for the whole message.
    let steps: PathSteps

    /// The value of the cell; nil where there is none, or null.
    func value(_ cell: MapCell) throws(RowRefusal) -> JSONValue? {
        switch cell {
        case .member(let name):
            return try firstValue { (level) throws(JSONPathError) in
                guard case .object(let object) = level else { return nil }
                try steps.takeSearch(among: object.count)
                return object.member(named: name)
            }
        case .path(let path):
            return try firstValue { (level) throws(JSONPathError) in
                try path.values(in: level, steps).first
            }
        case .topic(nil): return message.topic.map { .string($0) }
        case .topic(let level?):
            let levels = message.topic?.split(separator: "/", omittingEmptySubsequences: false)
            guard let levels, level <= levels.count else { return nil }
            return .string(String(levels[level - 1]))
        case .received: return .string(message.receivedAt.text)
        }
    }

    /// What the closure finds in the first level that has it; nil for null, too.
    private func firstValue(
        _ find: (JSONValue) throws(JSONPathError) -> JSONValue?
    ) throws(RowRefusal) -> JSONValue? {
        do throws(JSONPathError) {
            for level in levels {
                guard let value = try find(level) else { continue }
                // A large value that many readings share is large in each of their entities.
                try steps.takeSize(of: value)
                return value.isNull ? nil : value
            }
            return nil
        } catch {
            throw RowRefusal(reason: "\(error)")
        }
    }

    /// The text of a template; nil if any of its cells is empty.
    func text(_ text: MapText, percentEncoding: Bool = false) throws(RowRefusal) -> String? {
        var result = ""
        for part in text.parts {
            switch part {
            case .text(let plain): result += plain
            case .cell(let cell):
                guard let value = try value(cell)?.cellText, !value.isEmpty else { return nil }
                result += percentEncoding ? EntityName.percentEncoded(value) : value
            }
        }
        return result
    }

    /// The texts of a template with one cell: one for each value that the cell has, each once.
    ///
    /// A cell that stands alone has identifiers; beside other text its values are parts of them.
    func texts(_ text: MapText) throws(RowRefusal) -> [String] {
        var known: Set<String> = []
        var texts: [String] = []
        for case .cell(let cell) in text.parts {
            for value in try values(cell) {
                let own = value.cellText
                guard !own.isEmpty else { continue }
                let whole = text.parts.map { part in
                    switch part {
                    case .text(let plain): plain
                    case .cell: text.parts.count > 1 ? EntityName.percentEncoded(own) : own
                    }
                }.joined()
                if known.insert(whole).inserted { texts.append(whole) }
            }
        }
        return texts
    }

    /// All values of the cell in the first level that has one; the elements of a list are values, too.
    private func values(_ cell: MapCell) throws(RowRefusal) -> [JSONValue] {
        guard case .path(let path) = cell else {
            return try value(cell).map { $0.arrayValue ?? [$0] } ?? []
        }
        do throws(JSONPathError) {
            for level in levels {
                let found = try path.values(in: level, steps)
                guard !found.isEmpty else { continue }
                for value in found { try steps.takeSize(of: value) }
                return found.flatMap { $0.arrayValue ?? [$0] }
            }
            return []
        } catch {
            throw RowRefusal(reason: "\(error)")
        }
    }

    /// The value of a template that is one cell, or its text.
    func value(_ text: MapText) throws(RowRefusal) -> JSONValue? {
        if text.parts.count == 1, case .cell(let cell) = text.parts[0] { return try value(cell) }
        return try self.text(text).map { .string($0) }
    }
}

extension JSONValue {
    /// The value as the text of a cell.
    var cellText: String {
        switch self {
        case .null: ""
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): number.literal
        case .string(let text): text
        case .array, .object: String(decoding: serialized, as: UTF8.self)
        }
    }
}
