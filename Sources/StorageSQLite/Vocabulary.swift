internal import ContextModel
internal import Storage
internal import Synchronization

/// The types and attribute names with kinds of entities alike, as numbers of the name table.
struct Shape: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        var name: Int64
        /// A bit for each `Attribute.Kind` seen.
        var kinds: UInt8
    }
    /// Sorted.
    var types: [Int64]
    /// Sorted by name.
    var members: [Member]
    var hasScopes: Bool

    func has(_ name: Int64) -> Bool { members.contains { $0.name == name } }
}

/// Names, shapes and forms by number: few, so kept in memory.
///
/// The writing thread adds to them; a reader copies them once a query. They only grow, except when
/// a transaction is rolled back.
struct Vocabulary: Sendable {
    private(set) var names: [Int64: String] = [:]
    private(set) var numbers: [String: Int64] = [:]
    private(set) var shapes: [Int64: Shape] = [:]
    private(set) var shapeNumbers: [Shape: Int64] = [:]
    private(set) var forms: [Int64: Attribute] = [:]
    private(set) var formNumbers: [[UInt8]: Int64] = [:]

    mutating func add(name: String, number: Int64) {
        names[number] = name
        numbers[name] = number
    }

    mutating func add(shape: Shape, number: Int64) {
        shapes[number] = shape
        shapeNumbers[shape] = number
    }

    mutating func add(form body: [UInt8], number: Int64) throws {
        forms[number] = try Body.attribute(body)
        formNumbers[body] = number
    }

    func iri(_ number: Int64) -> IRI { IRI(names[number] ?? "") }

    /// Reads all from the file.
    init(_ connection: Connection) throws {
        let names = try connection.prepare("SELECT number, text FROM name")
        while try names.step() { add(name: names.text(1), number: names.int(0)) }
        let shapes = try connection.prepare("SELECT number, content FROM shape")
        while try shapes.step() {
            guard let shape = Shape(content: shapes.text(1)) else {
                throw StorageError(.damaged, note: "shape \(shapes.int(0)) cannot be read")
            }
            add(shape: shape, number: shapes.int(0))
        }
        let forms = try connection.prepare("SELECT number, body FROM form")
        while try forms.step() {
            try add(form: [UInt8](forms.bytes(1)), number: forms.int(0))
        }
    }
}

extension Shape {
    /// `types|name:kinds name:kinds|scopes`, numbers in decimal, lists separated by spaces.
    var content: String {
        let types = types.map(String.init).joined(separator: " ")
        let members = members.map { "\($0.name):\($0.kinds)" }.joined(separator: " ")
        return "\(types)|\(members)|\(hasScopes ? 1 : 0)"
    }

    init?(content: String) {
        let parts = content.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        types = parts[0].split(separator: " ").compactMap { Int64($0) }
        members = parts[1].split(separator: " ").compactMap { member in
            let sides = member.split(separator: ":")
            guard sides.count == 2, let name = Int64(sides[0]), let kinds = UInt8(sides[1]) else {
                return nil
            }
            return Member(name: name, kinds: kinds)
        }
        hasScopes = parts[2] == "1"
    }
}
