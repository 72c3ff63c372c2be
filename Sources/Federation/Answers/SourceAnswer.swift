package import ContextModel

/// What a source has answered, without the protocol that it came by.
package struct SourceAnswer: Sendable {
    /// The status of clause 6.3.2.
    package var status: Int
    /// The `@context` that is named beside the body.
    package var contextURL: String?
    /// Whether the `@context` is inside the body.
    package var hasInnerContext: Bool
    /// Whether the source announces a next page.
    package var hasNextPage: Bool
    /// The moment at which a part of histories ends, where the source says it (status 206).
    package var partEnd: Timestamp?
    /// Whether the source warns that its answer lacks something (clause 6.3.17).
    package var isPartial: Bool
    package var body: [UInt8]

    package init(
        status: Int,
        contextURL: String? = nil,
        hasInnerContext: Bool = false,
        hasNextPage: Bool = false,
        partEnd: Timestamp? = nil,
        isPartial: Bool = false,
        body: [UInt8] = []
    ) {
        self.status = status
        self.contextURL = contextURL
        self.hasInnerContext = hasInnerContext
        self.hasNextPage = hasNextPage
        self.partEnd = partEnd
        self.isPartial = isPartial
        self.body = body
    }
}

extension SourceAnswer {
    /// Whether the source refuses the requested page size as too large (clause 6.3.2).
    package var refusesLimit: Bool {
        status == 403 && String(decoding: body, as: UTF8.self).contains("TooManyResults")
    }
}

extension SourceQuestion {
    /// The most entities of one source in an answer.
    package static let maximumEntities = 10_000
    /// The most instances of histories of one source in an answer.
    package static let maximumInstances = 200_000

    /// The entities of an answer, as far as they were asked for, with the times that the source
    /// says of them.
    ///
    /// Each element has the `@context` of its names. Throws for what is no entity, for an entity
    /// with more of something than one may have here, for one that was not asked for, and `late`
    /// when its task was cancelled.
    ///
    /// To retrieve an entity that has none of the registered types is no error of a source that
    /// knows no type selection there: it has nothing that was asked for.
    package func entities(
        in elements: [(json: JSONValue, context: LDContext)]
    ) throws(SourceProblem) -> [Entity] {
        var entities: [Entity] = []
        var seen: Set<EntityID> = []
        for (element, context) in elements {
            // Reading megabytes takes longer than a source is waited for.
            guard !Task.isCancelled else { throw .late }
            var entity: Entity
            do throws(EntityError) {
                entity =
                    history == nil
                    ? try EntityReader(context: context).entity(element)
                    : try TemporalReader(context: context).entity(element.withoutEmptyArrays)
            } catch {
                throw .garbage
            }
            // A history has as many instances as it likes; all of the answer are counted.
            guard history != nil || OversizedRequest(entity) == nil else { throw .tooMuch }
            if isRetrieval, ids == [entity.id], !asks(for: entity) { continue }
            guard asks(for: entity), seen.insert(entity.id).inserted else { throw .unasked }
            entity.takeTimes(from: element, context)
            entities.append(askedPart(of: entity))
        }
        return entities
    }
}

extension JSONValue {
    /// Whether it is an object with a member that is an empty array.
    package var hasEmptyArrays: Bool {
        objectValue?.members.contains { $0.value.arrayValue?.isEmpty == true } ?? false
    }

    /// The object without members that are empty arrays: a part of a history names attributes that have no instance
    /// in it (clause 6.3.10).
    fileprivate var withoutEmptyArrays: JSONValue {
        guard var object = objectValue else { return self }
        object.members.removeAll { $0.value.arrayValue?.isEmpty == true }
        return .object(object)
    }
}

extension Entity {
    /// Takes over `createdAt` and `modifiedAt`, which only hubs write (clause 4.8), where they can
    /// be read.
    mutating func takeTimes(from json: JSONValue, _ context: LDContext) {
        guard let object = json.objectValue else { return }
        createdAt = object["createdAt"]?.timestamp
        modifiedAt = object["modifiedAt"]?.timestamp
        attributes.takeTimes(from: object, context)
    }
}

extension [NamedAttribute] {
    fileprivate mutating func takeTimes(from object: JSONObject, _ context: LDContext) {
        let places = Dictionary(
            enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for (key, value) in object.members {
            guard let place = places[context.expand(key)] else { continue }
            let elements = value.arrayValue ?? [value]
            guard elements.count == self[place].instances.count else { continue }
            for (index, element) in elements.enumerated() {
                guard let members = element.objectValue else { continue }
                self[place].instances[index].takeTimes(from: members, context)
            }
        }
    }
}

extension Attribute {
    fileprivate mutating func takeTimes(from object: JSONObject, _ context: LDContext) {
        createdAt = object["createdAt"]?.timestamp
        modifiedAt = object["modifiedAt"]?.timestamp
        if !attributes.isEmpty { attributes.takeTimes(from: object, context) }
    }
}

extension JSONValue {
    fileprivate var timestamp: Timestamp? { stringValue.flatMap { Timestamp(dateTime: $0) } }
}
