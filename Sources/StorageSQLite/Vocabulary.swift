internal import ContextModel
internal import Storage
internal import Synchronization

/// The types, and attribute names with kinds, that entities have in common, as numbers of the name
/// table.
struct Shape: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        var name: Int64
        /// One bit for each `Attribute.Kind` that occurs.
        var kinds: UInt8
    }
    /// Sorted.
    var types: [Int64]
    /// Sorted by name.
    var members: [Member]
    var hasScopes: Bool
    /// Whether an instance of an attribute has an `observedAt`; nil for a shape that was stored before this was noted.
    var hasReadings: Bool?

    func has(_ name: Int64) -> Bool { members.contains { $0.name == name } }

    /// All names in the shape.
    var names: [Int64] { types + members.map(\.name) }
}

/// A set of numbers that mostly has one element.
enum NumberSet {
    case empty
    case one(Int64)
    case many(Set<Int64>)

    var count: Int {
        switch self {
        case .empty: 0
        case .one: 1
        case .many(let numbers): numbers.count
        }
    }

    mutating func insert(_ number: Int64) {
        switch self {
        case .empty: self = .one(number)
        case .one(number): break
        case .one(let other): self = .many([other, number])
        case .many(var numbers):
            // Taken out first, so that the set is not copied.
            self = .empty
            numbers.insert(number)
            self = .many(numbers)
        }
    }

    /// Removes the number; returns whether the set is empty.
    mutating func remove(_ number: Int64) -> Bool {
        switch self {
        case .empty, .one(number): self = .empty
        case .one: return false
        case .many(var numbers):
            self = .empty
            numbers.remove(number)
            guard !numbers.isEmpty else { return true }
            self = .many(numbers)
            return false
        }
        return true
    }

    func forEach(_ body: (Int64) throws -> Void) rethrows {
        switch self {
        case .empty: break
        case .one(let number): try body(number)
        case .many(let numbers): try numbers.forEach(body)
        }
    }
}

/// Names, shapes and forms by number, all kept in memory because they are few.
///
/// The writing thread adds to them and removes what a sweep has found unused; a reader copies them
/// once for each query.
struct Vocabulary: Sendable {
    /// A name, a shape or a form.
    enum Entry: Sendable {
        case name(String)
        case shape(Shape)
        /// The bytes in the file, and the attribute that they encode.
        case form([UInt8], Attribute)
    }

    private(set) var names: [Int64: String] = [:]
    private(set) var numbers: [String: Int64] = [:]
    private(set) var shapes: [Int64: Shape] = [:]
    private(set) var shapeNumbers: [Shape: Int64] = [:]
    /// The shapes that have a name, as a type or as an attribute's.
    private(set) var shapesByName: [Int64: NumberSet] = [:]
    private(set) var forms: [Int64: Attribute] = [:]
    private(set) var formNumbers: [[UInt8]: Int64] = [:]
    /// The number of removals: an older snapshot may still use what was removed.
    var removals = 0

    mutating func add(_ entry: Entry, number: Int64) {
        switch entry {
        case .name(let name):
            names[number] = name
            numbers[name] = number
        case .shape(let shape):
            shapes[number] = shape
            shapeNumbers[shape] = number
            for name in shape.names { shapesByName[name, default: .empty].insert(number) }
        case .form(let body, let attribute):
            forms[number] = attribute
            formNumbers[body] = number
        }
    }

    mutating func remove(_ entry: Entry, number: Int64) {
        switch entry {
        case .name(let name):
            names[number] = nil
            if numbers[name] == number { numbers[name] = nil }
        case .shape(let shape):
            shapes[number] = nil
            if shapeNumbers[shape] == number { shapeNumbers[shape] = nil }
            for name in shape.names where shapesByName[name]?.remove(number) == true {
                shapesByName[name] = nil
            }
        case .form(let body, _):
            forms[number] = nil
            if formNumbers[body] == number { formNumbers[body] = nil }
        }
    }

    /// Releases memory where most was removed; removing alone releases none.
    mutating func trim() {
        names.trim()
        numbers.trim()
        shapes.trim()
        shapeNumbers.trim()
        shapesByName.trim()
        forms.trim()
        formNumbers.trim()
    }

    /// Whether the number has this entry.
    func has(_ entry: Entry, number: Int64) -> Bool {
        switch entry {
        case .name: names[number] != nil
        case .shape: shapes[number] != nil
        case .form: forms[number] != nil
        }
    }

    func iri(_ number: Int64) -> IRI { IRI(names[number] ?? "") }

    /// Reads everything from the file.
    init(_ connection: Connection) throws {
        let names = try connection.prepare("SELECT number, text FROM name")
        while try names.step() { add(.name(names.text(1)), number: names.int(0)) }
        let shapes = try connection.prepare("SELECT number, content FROM shape")
        while try shapes.step() {
            guard let shape = Shape(content: shapes.text(1)) else {
                throw StorageError(.damaged, note: "shape \(shapes.int(0)) cannot be read")
            }
            add(.shape(shape), number: shapes.int(0))
        }
        let forms = try connection.prepare("SELECT number, body FROM form")
        while try forms.step() {
            let attribute = try Body.attribute(forms.bytes(1))
            add(.form([UInt8](forms.bytes(1)), attribute), number: forms.int(0))
        }
    }
}

extension Dictionary {
    /// Reduces the capacity when it is far greater than needed.
    fileprivate mutating func trim() {
        guard capacity > 1_024, count < capacity / 4 else { return }
        self = Dictionary(uniqueKeysWithValues: map { ($0.key, $0.value) })
    }
}

extension Shape {
    /// `types|name:kinds name:kinds|scopes|readings`, numbers in decimal, lists separated by spaces; without the last part
    /// where it is not known.
    var content: String {
        let types = types.map(String.init).joined(separator: " ")
        let members = members.map { "\($0.name):\($0.kinds)" }.joined(separator: " ")
        let readings = hasReadings.map { $0 ? "|1" : "|0" } ?? ""
        return "\(types)|\(members)|\(hasScopes ? 1 : 0)\(readings)"
    }

    init?(content: String) {
        let parts = content.split(separator: "|", omittingEmptySubsequences: false)
        guard (3...4).contains(parts.count) else { return nil }
        types = parts[0].split(separator: " ").compactMap { Int64($0) }
        members = parts[1].split(separator: " ").compactMap { member in
            let sides = member.split(separator: ":")
            guard sides.count == 2, let name = Int64(sides[0]), let kinds = UInt8(sides[1]) else {
                return nil
            }
            return Member(name: name, kinds: kinds)
        }
        hasScopes = parts[2] == "1"
        hasReadings = parts.count == 4 ? parts[3] == "1" : nil
    }
}
