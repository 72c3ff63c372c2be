import ContextModel

/// The short names of entity types in the addresses of their collections.
///
/// A type that the `@context` does not shorten has the last part of its IRI, unless another type has the
/// same; then it has the whole IRI.
struct CollectionNames {
    private var names: [IRI: String] = [:]
    private var types: [String: IRI] = [:]

    init(_ types: [IRI], _ ld: LDContext) {
        let short = types.map { ($0, Self.lastPart(of: ld.compact($0))) }
        let counts = Dictionary(short.map { ($0.1, 1) }, uniquingKeysWith: +)
        for (type, last) in short {
            let name = counts[last] == 1 ? last : ld.compact(type)
            names[type] = name
            self.types[name] = type
        }
    }

    /// The name of one of the types.
    func name(_ type: IRI) -> String { names[type] ?? type.text }

    /// The type with this name; nil when none has it.
    func type(_ name: String) -> IRI? { types[name] }

    private static func lastPart(of name: String) -> String {
        let parts = name.split(whereSeparator: { $0 == "/" || $0 == "#" || $0 == ":" })
        return parts.last.map(String.init) ?? name
    }
}
