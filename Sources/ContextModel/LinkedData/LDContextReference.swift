/// References to an `@context` in answers and notifications.
extension JSONValue {
    /// The `@context` for a body: it has the core `@context` once, at its end (clause 4.4), so
    /// that a JSON-LD processor expands the body as this hub does.
    package var endingWithCore: JSONValue {
        let core = JSONValue.string(CoreContext.url)
        let own = partsBesideCore
        return own.isEmpty ? core : .array(own + [core])
    }

    /// The only URL beside the core `@context`; nil when there are several.
    package var contextURL: String? {
        let own = partsBesideCore
        if own.isEmpty { return CoreContext.url }
        return own.count == 1 ? own[0].stringValue : nil
    }

    /// The parts of an `@context` without any version of the core one.
    private var partsBesideCore: [JSONValue] {
        switch self {
        case .null: []
        case .array(let parts): parts.flatMap(\.partsBesideCore)
        case .string(let url) where CoreContext.isCore(url): []
        case .string, .object, .bool, .number: [self]
        }
    }
}
