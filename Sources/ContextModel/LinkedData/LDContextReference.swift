/// How an `@context` is named in answers and notifications.
extension JSONValue {
    /// The `@context` as a body carries it: the core one stands in it once, at its end (clause 4.4),
    /// so that a JSON-LD processor expands the body as this hub does.
    package var endingWithCore: JSONValue {
        let core = JSONValue.string(CoreContext.url)
        let own = partsBesideCore
        return own.isEmpty ? core : .array(own + [core])
    }

    /// The one URL that says it all beside the core `@context`; nil when it takes more.
    package var contextURL: String? {
        let own = partsBesideCore
        if own.isEmpty { return CoreContext.url }
        return own.count == 1 ? own[0].stringValue : nil
    }

    /// What an `@context` consists of, whatever version of the core one left out.
    private var partsBesideCore: [JSONValue] {
        switch self {
        case .null: []
        case .array(let parts): parts.flatMap(\.partsBesideCore)
        case .string(let url) where CoreContext.isCore(url): []
        case .string, .object, .bool, .number: [self]
        }
    }
}
