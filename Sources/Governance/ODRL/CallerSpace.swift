import ContextModel

/// Those who may ask, divided by what rules can tell apart: one of each kind.
struct CallerSpace {
    /// Roles that somebody may have together.
    struct RoleSet: Hashable {
        var own: Roles = []
        var other: Set<String> = []
    }

    private(set) var parties: [Party]
    private(set) var roles: [RoleSet]
    private(set) var purposes: [Purpose?]
    private(set) var times: [Validity]
    /// Whether each kind is there.
    private(set) var isComplete = true

    /// So many roles are looked at in every combination; of more, each by itself and all together.
    private static let combinedRoles = 3
    /// Moments that are looked at, at most.
    private static let maximumMoments = 50
    /// A purpose that the vocabulary does not have: nothing but public data is given for it.
    private static let unknownPurpose = Purpose("urn:balai:purpose:unknown")

    /// `changed` are those whom changed rules name.
    init(
        _ changed: [Permission.Assignee],
        assignees: [Permission.Assignee],
        purposes: [Purpose],
        moments: [Timestamp],
        _ now: Timestamp
    ) {
        // Nothing changes for those whom no changed rule can name.
        let parties = changed.map(\.parties)
        if parties.contains(nil) {
            let named = assignees.flatMap { $0.parties ?? [] }
            self.parties = [.anonymous, .named(PolicyDifference.otherParty)] + Self.distinct(named)
        } else {
            self.parties = Self.distinct(parties.flatMap { $0 ?? [] })
        }
        let atoms = Self.distinct(assignees.flatMap(\.roleSets))
        if atoms.count <= Self.combinedRoles {
            roles = atoms.reduce([RoleSet()]) { sets, atom in
                sets + sets.map { $0.adding(atom) }
            }
        } else {
            roles = [RoleSet()] + atoms + [atoms.reduce(RoleSet()) { $0.adding($1) }]
            isComplete = false
        }
        self.purposes = [nil, Self.unknownPurpose] + Self.purposes(toldApartBy: purposes)
        let inOrder = Set(moments).sorted()
        if inOrder.count > Self.maximumMoments { isComplete = false }
        let starts = [now] + inOrder.prefix(Self.maximumMoments)
        times = starts.enumerated().map { index, start in
            Validity(from: start, until: index + 1 < starts.count ? starts[index + 1] : nil)
        }
    }

    /// Of the purposes that the same rules are about, the widest.
    private static func purposes(toldApartBy named: [Purpose]) -> [Purpose] {
        let named = distinct(named)
        var found: [[Int]: Purpose] = [:]
        for name in PurposeTaxonomy.shared.names {
            let purpose = Purpose(name)
            let kind = named.map { other in
                (purpose.isOrNarrower(than: other) ? 1 : 0)
                    + (other.isOrNarrower(than: purpose) ? 2 : 0)
            }
            if let known = found[kind], known.isOrNarrower(than: purpose) || known == purpose {
                found[kind] = purpose
            } else if found[kind] == nil {
                found[kind] = purpose
            }
        }
        return found.values.sorted { $0.text < $1.text }
    }

    private static func distinct<Value: Hashable>(_ values: [Value]) -> [Value] {
        var seen: Set<Value> = []
        return values.filter { seen.insert($0).inserted }
    }
}

extension CallerSpace.RoleSet {
    fileprivate func adding(_ other: Self) -> Self {
        Self(own: own.union(other.own), other: self.other.union(other.other))
    }
}

extension Permission.Assignee {
    /// The parties that it can name; nil for any.
    fileprivate var parties: [Party]? {
        switch self {
        case .party(let party): [.named(party)]
        case .service(let name): [.service(name)]
        case .all(let assignees): assignees.lazy.compactMap(\.parties).first
        case .anyone, .role, .otherRole: nil
        }
    }

    /// The roles that it names, each by itself.
    fileprivate var roleSets: [CallerSpace.RoleSet] {
        switch self {
        case .role(let roles): [.init(own: roles)]
        case .otherRole(let role): [.init(other: [role])]
        case .all(let assignees): assignees.flatMap(\.roleSets)
        case .anyone, .party, .service: []
        }
    }
}
