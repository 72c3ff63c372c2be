package import ContextModel

/// One request's view of the store while it reads: everything it returns was so at one moment.
///
/// It is made for a grant. Every method answers `query AND grant.condition`, so that pages and
/// counts are right, and shapes what it returns by the grant. It must not leave the closure that
/// it was given to, for its moment ends there. Methods throw `StorageError` only.
package protocol ReadTransaction {
    /// The entity, or nil when there is none or the grant does not cover it.
    func encodedEntity(_ id: EntityID) throws -> EncodedEntity?
    /// A page of entities; without an order of its own in the order of creation.
    func encodedEntities(_ query: EntityQuery) throws -> EntityPage<EncodedEntity>
    /// The identifiers of what `encodedEntities` would answer, without the entities themselves:
    /// for a long list.
    func identifiers(_ query: EntityQuery) throws -> [EntityID]
    /// One element for each combination of types and attributes in use: what discovery (clauses
    /// 5.7.5 to 5.7.10) answers from.
    ///
    /// Shapes the grant sees no entity of are left out, and hidden attributes too.
    func shapes() throws -> [EntityShape]
    /// A page of temporal evolutions (clauses 5.7.3 and 5.7.4).
    func evolutions(_ query: TemporalQuery) throws -> EvolutionPage
    /// Counts so many steps, as a `DecisionBudget` does, of work on what was read; throws `tookTooLong`
    /// when the time of the query is over.
    func charge(_ steps: Int) throws
}

extension ReadTransaction {
    /// `encodedEntities` as values.
    package func entities(_ query: EntityQuery) throws -> EntityPage<Entity> {
        try encodedEntities(query).decoded()
    }
}
