/// The keywords of JSON-LD 1.1, and where an `@context` may have them.
enum LDKeyword {
    /// The target of a term that is set to null: neither a keyword nor an IRI.
    static let null = "@null"

    static let all: Set<String> = [
        "@base", "@container", "@context", "@direction", "@graph", "@id", "@import", "@included",
        "@index", "@json", "@language", "@list", "@nest", "@none", "@prefix", "@propagate",
        "@protected", "@reverse", "@set", "@type", "@value", "@version", "@vocab",
    ]

    /// Throws for keywords that are wrong in an `@context`, or that the hub does not support.
    ///
    /// `@vocab` is checked when it is expanded.
    static func check(_ context: JSONObject) throws(LDContextError) {
        for (key, value) in context.members where key.hasPrefix("@") {
            if let problem = problem(with: key, value) {
                throw LDContextError(
                    .invalid,
                    "The @context has \"\(key)\": \(value.excerpt). \(problem)"
                )
            }
        }
    }

    /// A sentence that says what is wrong with the member; nil if nothing is.
    private static func problem(with key: String, _ value: JSONValue) -> String? {
        switch key {
        case "@vocab": nil
        case "@version": value.numberValue?.doubleValue == 1.1 ? nil : "The version is 1.1."
        // They have no effect: identifiers are URIs, and texts are kept as they are.
        case "@base", "@language":
            value.isNull || value.stringValue != nil ? nil : "It is a text or null."
        case "@direction": isDirection(value) ? nil : "It is \"ltr\", \"rtl\" or null."
        case "@protected": value.boolValue != nil ? nil : "It is true or false."
        case "@propagate":
            value == true ? nil : "An @context holds for all of a body, so it can only be true."
        case "@import": "It is a relative or absolute URL in the @context itself."
        case "@type":
            isTypeDefinition(value) ? nil : "For @type, only \"@container\": \"@set\" is allowed."
        case _ where all.contains(key): "This keyword cannot be redefined."
        default: "There is no such keyword."
        }
    }

    private static func isTypeDefinition(_ value: JSONValue) -> Bool {
        guard let object = value.objectValue, !object.isEmpty else { return false }
        return object.members.allSatisfy { key, value in
            key == "@container"
                ? value == "@set" || value == ["@set"]
                : key == "@protected" && value.boolValue != nil
        }
    }

    private static func isDirection(_ value: JSONValue) -> Bool {
        value.isNull || value == "ltr" || value == "rtl"
    }

    private static let containers: Set<String> = [
        "@graph", "@id", "@index", "@language", "@list", "@set", "@type",
    ]

    /// Whether a term's definition may have the member.
    static func isAllowed(_ member: String, _ value: JSONValue) -> Bool {
        switch member {
        case "@id", "@language": value.isNull || value.stringValue != nil
        case "@type", "@reverse", "@index", "@nest": value.stringValue != nil
        case "@container":
            value.isNull
                || (value.arrayValue ?? [value]).allSatisfy {
                    $0.stringValue.map(containers.contains) ?? false
                }
        case "@direction": isDirection(value)
        case "@prefix", "@protected": value.boolValue != nil
        default: false
        }
    }
}
