import ContextModel

/// The rules of a policy by the party that they name and by their purposes, so that a decision looks at
/// those alone that may be about its caller.
final class RuleIndex: Sendable {
    private struct Key: Hashable {
        /// nil for whoever is not named as a party.
        var party: PartyID?
        /// nil for any purpose.
        var purpose: PurposeTaxonomy.Term?
    }

    private let permissions: [Permission]
    private let places: [Key: [Int]]
    /// Those that hide attributes.
    let hidingPermissions: [Permission]
    private let prohibitions: [Prohibition]
    /// By the party that they name; under nil those that name none.
    private let prohibitionPlaces: [PartyID?: [Int]]
    /// What was decided by these rules.
    let rights = KeptRights()

    init(_ permissions: [Permission], _ prohibitions: [Prohibition]) {
        self.permissions = permissions
        hidingPermissions = permissions.filter { !$0.hiddenAttributes.isEmpty }
        var places: [Key: [Int]] = [:]
        for (place, rule) in permissions.enumerated() {
            let party = rule.assignee.party
            if rule.purposes.isEmpty { places[Key(party: party), default: []].append(place) }
            for term in Set(rule.purposes.compactMap(\.term)) {
                places[Key(party: party, purpose: term), default: []].append(place)
            }
        }
        self.places = places
        self.prohibitions = prohibitions
        prohibitionPlaces = Dictionary(grouping: prohibitions.indices) {
            prohibitions[$0].assignee.party
        }
    }

    func permissions(for caller: Caller) -> [Permission] {
        var found: [Int] = []
        let purposes = caller.purpose?.term.map(PurposeTaxonomy.shared.broader) ?? []
        for party in Self.parties(of: caller) {
            found += places[Key(party: party)] ?? []
            for term in purposes { found += places[Key(party: party, purpose: term)] ?? [] }
        }
        found.sort()
        var rules: [Permission] = []
        for (number, place) in found.enumerated() where number == 0 || found[number - 1] != place {
            rules.append(permissions[place])
        }
        return rules
    }

    func prohibitions(for caller: Caller) -> [Prohibition] {
        guard !prohibitions.isEmpty else { return [] }
        let places = Self.parties(of: caller).flatMap { prohibitionPlaces[$0] ?? [] }
        return places.sorted().map { prohibitions[$0] }
    }

    private static func parties(of caller: Caller) -> [PartyID?] {
        if case .named(let party) = caller.party { [nil, party] } else { [nil] }
    }
}

extension Permission.Assignee {
    /// The party that whoever is named must be; nil where it may be any.
    fileprivate var party: PartyID? {
        switch self {
        case .party(let party): party
        case .all(let assignees): assignees.lazy.compactMap(\.party).first
        case .anyone, .service, .role, .otherRole: nil
        }
    }
}
