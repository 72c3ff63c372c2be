import Broker
import ContextModel

/// What the path of a request leads to (OGC 18-088 clause 9.2).
struct ThingsPath: Equatable {
    /// The entity from which a list is reached.
    struct Parent: Equatable {
        var kind: ThingsKind
        var id: String
    }
    /// What stands at the end of a path.
    enum Ending: Equatable {
        case whole
        /// The property of one entity, `name`, or its bare value, `name/$value`.
        case property(String, isBare: Bool)
        /// The links of a list, `$ref`.
        case references
        /// The number of a list, `$count`.
        case count
    }
    var kind: ThingsKind
    /// The identifier of one entity; nil for a list.
    var id: String?
    var parent: Parent?
    var ending = Ending.whole

    /// Reads the path after the address of the service; relations that lead to one entity are resolved by the
    /// identifiers, which have those of their Things inside.
    init(_ text: String) throws(BrokerError) {
        let segments = try Self.segments(of: text)
        guard let first = segments.first, let kind = ThingsKind(rawValue: first.name) else {
            throw BrokerError(.resourceNotFound, "There is no entity set '\(text.prefix(60))'.")
        }
        (self.kind, id) = (kind, first.id)
        for (place, segment) in segments.enumerated().dropFirst() {
            let rest = segments.dropFirst(place + 1)
            if try end(segment, rest.map(\.name)) { return }
            guard let id, let navigation = self.kind.navigation(segment.name) else {
                throw Self.unknown(segment.name, of: self.kind)
            }
            try go(navigation, from: id, to: segment.id)
        }
    }

    /// Takes the segment as the end of the path; false when it is a relation.
    private mutating func end(_ segment: Segment, _ rest: [String]) throws(BrokerError) -> Bool {
        switch segment.name {
        case "$ref" where rest.isEmpty && id == nil: ending = .references
        case "$count" where rest.isEmpty && id == nil: ending = .count
        case let name where id != nil && kind.properties.contains(name):
            guard rest.isEmpty || rest == ["$value"] else { throw Self.unknown(rest[0], of: kind) }
            ending = .property(name, isBare: !rest.isEmpty)
        default: return false
        }
        return true
    }

    private mutating func go(
        _ navigation: ThingsKind.Navigation,
        from id: String,
        to child: String?
    ) throws(BrokerError) {
        guard let from = ThingsIdentifier(id, of: kind) else { throw Self.missing(kind, id) }
        if navigation.isMany {
            guard let child else {
                parent = Parent(kind: kind, id: id)
                (kind, self.id) = (navigation.target, nil)
                return
            }
            let isOwn =
                kind == .observedProperties
                ? ThingsIdentifier(child, of: navigation.target)?.attribute == id
                : child == id || child.hasPrefix(id + "|")
            guard isOwn else { throw Self.missing(navigation.target, child) }
            (kind, self.id) = (navigation.target, child)
            return
        }
        guard child == nil else { throw Self.unknown(navigation.name, of: kind) }
        switch navigation.target {
        case .observedProperties: self.id = from.attribute
        case .datastreams:
            let parts = [from.first, from.attribute, from.datasetID].compactMap { $0 }
            self.id = parts.joined(separator: "|")
        default: self.id = from.first
        }
        kind = navigation.target
    }

    static func missing(_ kind: ThingsKind, _ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "There is no \(kind.singular) '\(id)'.")
    }

    private static func unknown(_ name: String, of kind: ThingsKind) -> BrokerError {
        BrokerError(
            .resourceNotFound,
            "\(kind.rawValue) lead to no '\(name)'; one of them leads to "
                + "\(kind.navigations.map(\.name).joined(separator: ", "))."
        )
    }

    // MARK: Segments

    private struct Segment {
        var name: String
        var id: String?
    }

    /// The segments; a slash between quotation marks is a part of an identifier.
    private static func segments(of text: String) throws(BrokerError) -> [Segment] {
        var (parts, part, isQuoted) = ([String](), "", false)
        for character in text {
            if character == "'" { isQuoted.toggle() }
            if character == "/", !isQuoted {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        if !part.isEmpty { parts.append(part) }
        return try parts.map { part throws(BrokerError) in
            guard let open = part.firstIndex(of: "(") else { return Segment(name: part, id: nil) }
            let inner = part[part.index(after: open)...]
            guard inner.count > 3, inner.hasPrefix("'"), inner.hasSuffix("')") else {
                throw BrokerError(
                    .resourceNotFound,
                    "Identifiers are texts here: \(part[..<open])('urn:ngsi-ld:Device:1')."
                )
            }
            let id = String(inner.dropFirst().dropLast(2)).replacing("''", with: "'")
            return Segment(name: String(part[..<open]), id: id)
        }
    }
}
