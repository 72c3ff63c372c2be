package import ContextModel

/// A question about the types and attributes that there are (clauses 5.7.5 to 5.7.10).
package enum DiscoveryQuestion: Sendable, Hashable {
    case types, typeDetails
    case type(IRI)
    case attributes, attributeDetails
    case attribute(IRI)

    package var operation: DistributedOperation {
        switch self {
        case .types: .retrieveEntityTypes
        case .typeDetails: .retrieveEntityTypeDetails
        case .type: .retrieveEntityTypeInfo
        case .attributes: .retrieveAttrTypes
        case .attributeDetails: .retrieveAttrTypeDetails
        case .attribute: .retrieveAttrTypeInfo
        }
    }

    /// The type or the attribute that it is about; nil for all.
    fileprivate var name: IRI? {
        switch self {
        case .type(let name), .attribute(let name): name
        case .types, .typeDetails, .attributes, .attributeDetails: nil
        }
    }

    /// Whether the element of a registration may be about something of the answer.
    fileprivate func isAbout(_ information: RegistrationInfo) -> Bool {
        switch self {
        case .type(let type):
            information.entities?.contains { $0.types.contains(type) } ?? true
        case .attribute(let name):
            information.attributes.isEmpty || information.attributes.contains(name)
        case .types, .typeDetails, .attributes, .attributeDetails: true
        }
    }
}

/// Who is asked which types and attributes there are (clause 5.7.11).
package struct DiscoveryPlan: Sendable {
    /// What one source is asked.
    package struct Part: Sendable {
        package let question: DiscoveryQuestion
        package let registration: ContextSourceRegistration
        /// What of the registration the question is about; never empty.
        package let information: [RegistrationInfo]
    }

    /// In the order in which the sources were registered.
    package private(set) var parts: [Part] = []
    /// The sources that are not asked because others fill the plan already.
    package private(set) var leftOut: [ContextSourceRegistration] = []

    /// `via` are the names of the sources that the request has come through.
    package init(
        _ question: DiscoveryQuestion,
        to matches: [MatchedRegistration],
        via: [String] = []
    ) {
        for match in matches {
            let registration = match.registration
            let isLoop = registration.alias.map(via.contains) ?? false
            let information = match.information.map { registration.information[$0] }
                .filter(question.isAbout)
            guard registration.operations.contains(question.operation), !isLoop,
                !information.isEmpty
            else { continue }
            guard parts.count < ReadPlan.maximumQuestions else {
                leftOut.append(registration)
                continue
            }
            parts.append(
                Part(question: question, registration: registration, information: information)
            )
        }
    }
}

extension DiscoveryPlan.Part {
    package func request(in manner: SourceManner) -> SourceRequest {
        var request = manner.request(question.operation, to: registration)
        request.attribute = question.name.map(manner.context.compact)
        if question == .typeDetails || question == .attributeDetails {
            request.parameters.append(KeyValuePair(key: "details", value: "true"))
        }
        return request
    }

    /// Whether the registration is about entities of the type.
    func covers(type: IRI) -> Bool {
        information.contains { $0.entities?.contains { $0.types.contains(type) } ?? true }
    }

    /// Whether the registration is about the attribute, of entities of the type; nil for any.
    func covers(attribute name: IRI, of type: IRI? = nil) -> Bool {
        information.contains { information in
            guard information.attributes.isEmpty || information.attributes.contains(name) else {
                return false
            }
            guard let type, let entities = information.entities else { return true }
            return entities.contains { $0.types.contains(type) }
        }
    }

    /// Types that entities with the attribute may have; nil where nothing is known of them.
    func possibleTypes(with name: IRI) -> Set<IRI>? {
        var types: Set<IRI> = []
        for information in information
        where information.attributes.isEmpty || information.attributes.contains(name) {
            guard let entities = information.entities else { return nil }
            types.formUnion(entities.flatMap(\.types))
        }
        return types
    }
}
