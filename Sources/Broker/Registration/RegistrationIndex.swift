import ContextModel
import Federation

/// The context source registrations of a tenant, ready for matching and indexed by what they are
/// about.
///
/// It is a value, with the registrations of one moment.
struct RegistrationIndex: Sendable {
    /// In the order of creation; nil where one was removed.
    private var ordered: [KeptRegistration?] = []
    private var places: [String: Int] = [:]
    /// The indexes in `ordered` of those for entities of a type, for one entity, and for any.
    private var byType: [IRI: Set<Int>] = [:]
    private var byID: [EntityID: Set<Int>] = [:]
    private var aboutAny: Set<Int> = []

    init() {}

    // MARK: Finding

    /// All registrations, in the order of creation.
    var all: [KeptRegistration] { ordered.compactMap { $0 } }

    var isEmpty: Bool { places.isEmpty }

    /// A superset of the registrations that the query matches, in the order of creation.
    func candidates(for query: RegistrationQuery) -> [KeptRegistration] {
        guard let types = query.requiredTypes else { return all }
        return kept(at: places(of: types))
    }

    /// A superset of the registrations that are about the same entities as this one.
    func candidates(overlapping registration: ContextSourceRegistration) -> [KeptRegistration] {
        var found: Set<Int> = []
        for info in registration.information {
            guard let entities = info.entities else { return all }
            found.formUnion(places(of: Set(entities.flatMap(\.types))))
            for id in entities.compactMap(\.id) { found.formUnion(byID[id] ?? []) }
        }
        return kept(at: found)
    }

    private func places(of types: Set<IRI>) -> Set<Int> {
        types.reduce(into: aboutAny) { $0.formUnion(byType[$1] ?? []) }
    }

    private func kept(at places: Set<Int>) -> [KeptRegistration] {
        places.sorted().compactMap { ordered[$0] }
    }

    // MARK: Changing

    /// Adds the registration, or replaces its former state.
    ///
    /// One that was deleted and created again is last, even if its removal was not seen.
    mutating func put(_ kept: KeptRegistration) {
        let old = places[kept.record.id].flatMap { ordered[$0] }
        if let old, old.record.createdAt != kept.record.createdAt { remove(kept.record.id) }
        let place = places[kept.record.id] ?? ordered.count
        if place == ordered.count { ordered.append(nil) }
        forget(ordered[place], at: place)
        ordered[place] = kept
        places[kept.record.id] = place
        for info in kept.registration.information {
            guard let entities = info.entities else {
                aboutAny.insert(place)
                continue
            }
            for entity in entities {
                for type in entity.types { byType[type, default: []].insert(place) }
                if let id = entity.id { byID[id, default: []].insert(place) }
            }
        }
    }

    mutating func remove(_ id: String) {
        guard let place = places.removeValue(forKey: id) else { return }
        forget(ordered[place], at: place)
        ordered[place] = nil
        // More than half of the places are empty.
        if ordered.count > 2 * places.count + 16 { self = RegistrationIndex(all) }
    }

    init(_ registrations: [KeptRegistration]) {
        for kept in registrations { put(kept) }
    }

    private mutating func forget(_ kept: KeptRegistration?, at place: Int) {
        guard let kept else { return }
        aboutAny.remove(place)
        for entity in kept.registration.information.flatMap({ $0.entities ?? [] }) {
            for type in entity.types { byType.remove(place, of: type) }
            if let id = entity.id { byID.remove(place, of: id) }
        }
    }
}

extension Dictionary where Value == Set<Int> {
    /// Removes the index, and the key when it has none left.
    fileprivate mutating func remove(_ place: Int, of key: Key) {
        guard self[key]?.remove(place) != nil, self[key]?.isEmpty == true else { return }
        self[key] = nil
    }
}
