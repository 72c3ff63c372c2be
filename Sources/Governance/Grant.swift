package import ContextModel

/// The right to read city data, made by `Governance` alone: without one, no store method that
/// returns city data can be called.
package struct ReadGrant: Sendable {
    /// The entities the reader may see; a store answers `query AND condition`.
    package let condition: Condition
    /// Attributes that are not there for this reader.
    package let hidden: HiddenAttributes
    /// Whose right it is: what reading takes is shared out among those who read.
    package let sharer: Sharer
    /// Whom the entities are about that the grant was found to cover; nil where it covers no data about
    /// people.
    package let notes: DisclosureNotes?
    /// Of statistics, so many people a group has at least to be told of; nil for any number.
    package let smallestGroup: Int?

    package var party: Party { sharer.party }

    init(
        condition: Condition,
        hidden: HiddenAttributes,
        sharer: Sharer,
        _ notes: DisclosureNotes? = nil,
        smallestGroup: Int? = nil
    ) {
        self.smallestGroup = smallestGroup
        self.sharer = sharer
        self.condition = condition
        self.hidden = hidden
        self.notes = notes
    }

    /// The right to look at whole entities in the reader's place, for what is decided by this
    /// grant only when other sources' parts are there.
    package func whole(_ grant: InternalGrant) -> ReadGrant {
        precondition(grant.reason == .federating)
        return ReadGrant(condition: .everything, hidden: HiddenAttributes(), sharer: sharer)
    }

    /// The right to know of the same entities, with all that they have: to decide whether the reader may know of one
    /// whose other parts come from elsewhere.
    package func ofEntities(_ grant: InternalGrant) -> ReadGrant {
        precondition(grant.reason == .federating)
        return ReadGrant(condition: condition, hidden: HiddenAttributes(), sharer: sharer)
    }

    /// The right to see less: what other sources hold alone is not here, whole entities or some of
    /// their attributes.
    ///
    /// The conditions look at identifiers and types alone.
    package func without(
        _ entities: Condition,
        _ attributes: [(names: Set<IRI>, in: Condition)]
    ) -> ReadGrant {
        let elements = attributes.map {
            HiddenAttributes.Element(condition: $0.in, names: $0.names)
        }
        return ReadGrant(
            condition: condition.without(entities),
            hidden: hidden.adding(elements),
            sharer: sharer,
            notes,
            smallestGroup: smallestGroup
        )
    }

    /// The right to keep a copy of what this grant lets its reader see: for a snapshot's store,
    /// never for the city's.
    package var copyGrant: CopyGrant { CopyGrant(party: party) }
}

/// The right to change city data, made by `Governance` alone.
package struct WriteGrant: Sendable {
    /// The entities the writer may touch, before and after the change.
    package let condition: Condition
    /// Attributes that are not there for this writer: it neither learns of them nor gives them
    /// values.
    ///
    /// They end with the entity, attribute or instance they are part of, when the writer
    /// deletes that or writes an instance of an evolution anew.
    package let hidden: HiddenAttributes
    /// What is shaped for this writer when it reads: no change of its own ends that.
    package let shaped: [HiddenAttributes.Element]
    /// Whose right it is: those who write take turns.
    package let sharer: Sharer

    /// What is rounded or coarsened when the writer reads may be written: to give a value tells none.
    init(
        condition: Condition,
        hidden: HiddenAttributes = HiddenAttributes(),
        sharer: Sharer
    ) {
        self.condition = condition
        self.hidden = hidden.ofWriter
        shaped = hidden.shaped
        self.sharer = sharer
    }
}

/// The right to keep copies of what a reader has seen, made by a `ReadGrant` alone.
package struct CopyGrant: Sendable {
    /// Whose copies they are: the parties' writes take turns.
    package let party: Party

    fileprivate init(party: Party) { self.party = party }
}

/// The right of the hub itself to look at city data, or to store copies of it, for one of a closed list
/// of reasons.
package struct InternalGrant: Sendable {
    /// Every reason there is: whoever adds one adds a way around policy and says so here.
    package enum Reason: Sendable, CaseIterable {
        /// A change is merged into what is stored.
        case mergeOnWrite
        /// Old history is thinned or removed.
        case retention
        /// An index is filled from what is stored.
        case indexing
        /// Old history is written anew in a form that takes less room.
        case sealing
        /// Messages go through the outbox: what of one may be told to whom is decided for each
        /// receiver when it is sent.
        case delivering
        /// Entities are counted, for those who may see how much the hub does.
        case measuring
        /// Copies of what a reader has seen are stored in its snapshot.
        case copying
        /// What the hub has of an entity is put together with what other sources have of it: what of
        /// the whole may be told is decided by its reader's grant.
        case federating
    }
    package let reason: Reason
    package init(_ reason: Reason) { self.reason = reason }
}
