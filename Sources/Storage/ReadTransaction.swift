package import ContextModel

/// One request's view of the store: everything it returns was true at one moment.
///
/// It belongs to a grant. Every method answers `query AND grant.condition`, so that pages and
/// counts are right, and leaves out what the grant hides. Methods throw `StorageError` only.
///
/// Do not keep it beyond the closure that it was passed to: its moment ends there.
package protocol ReadTransaction {
    /// The entity, or nil when there is none or the grant does not cover it.
    func encodedEntity(_ id: EntityID) throws -> EncodedEntity?
    /// A page of entities; without an order in the query, in the order of creation.
    func encodedEntities(_ query: EntityQuery) throws -> EntityPage<EncodedEntity>
    /// Calls the body with the entities that `encodedEntities` would return, one after the other, until it returns false.
    ///
    /// Many of them take no more memory than one. The query has no order. With `needsReadings` it leaves out what the store
    /// knows to have no reading without looking at it, where nothing is hidden from the reader.
    func forEach(_ query: EntityQuery, _ body: (EncodedEntity) throws -> Bool) throws
    /// The identifiers of the entities that `encodedEntities` would return, for long lists.
    func identifiers(_ query: EntityQuery) throws -> [EntityID]
    /// One element for each combination of types and attributes in use, for discovery (clauses
    /// 5.7.5 to 5.7.10).
    ///
    /// Shapes of which the grant covers no entity are left out, as are hidden attributes.
    func shapes() throws -> [EntityShape]
    /// The types of entities of which history alone is left, whoever may see them: `evolutions` decides who does.
    func typesOfHistories() throws -> Set<IRI>
    /// A page of temporal evolutions (clauses 5.7.3 and 5.7.4).
    func evolutions(_ query: TemporalQuery) throws -> EvolutionPage
    /// Where the entities are that meet the condition and the box around whose place meets the box, if they are more than
    /// `count`; nil when they are not, or have to be read to know that.
    func places(
        _ condition: Condition,
        in box: GeoBox,
        moreThan count: Int
    ) throws -> [EntityPlace]?
    /// Counts `steps` of work on what was read, as a `DecisionBudget` does; throws `tookTooLong`
    /// when the time of the query is over.
    func charge(_ steps: Int) throws
}

extension ReadTransaction {
    /// A store in memory has them all at hand.
    package func forEach(
        _ query: EntityQuery,
        _ body: (EncodedEntity) throws -> Bool
    ) throws {
        for entity in try encodedEntities(query).entities {
            guard try body(entity) else { return }
        }
    }

    /// A store without an index of places has to read the entities.
    package func places(
        _ condition: Condition,
        in box: GeoBox,
        moreThan count: Int
    ) throws -> [EntityPlace]? { nil }

    /// Returns the page of `encodedEntities` as values.
    package func entities(_ query: EntityQuery) throws -> EntityPage<Entity> {
        try encodedEntities(query).decoded()
    }
}
