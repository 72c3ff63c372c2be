import Chance
import ContextModel
import Storage
import Testing

@testable import Governance

/// What a preview says of random policies, against what every caller of small worlds may do before and
/// after.
@Suite struct PolicyDifferenceTests {
    private static let now = Timestamp(microseconds: 1_000_000)
    private static let types = ["A", "B", "P"].map { IRI("urn:type:" + $0) }
    private static let parties = ["clinic", "shop"].map { PartyID($0) }
    private static let classification = Classification([
        types[2]: .init(.personal, subjects: [SubjectPath(names: [IRI("urn:who")])]),
        types[1]: .init(
            .public,
            subjects: [SubjectPath(names: [IRI("urn:who")])],
            attributes: [IRI("urn:phone"): .personal]
        ),
    ])

    /// Each identifier, set of types and scope, about one of two people.
    private static let entities: [Entity] = ["urn:e:1", "urn:e:2"].flatMap { id in
        [[0], [1], [2], [0, 1], [1, 2]].flatMap { numbers in
            [nil, "/North"].flatMap { scope in
                ["urn:siti", "urn:budi"].map { person in
                    let text =
                        #"{"id": "\#(id)", "type": ["x"], "urn:who": "\#(person)", "urn:phone": 7}"#
                    var entity =
                        (try? JSONReader.read(text)).flatMap {
                            try? EntityReader(context: .core).entity($0)
                        } ?? Entity(id: EntityID(id), types: [])
                    entity.types = numbers.map { types[$0] }
                    entity.scopes = scope.map { [$0] } ?? []
                    return entity
                }
            }
        }
    }

    @Test func `the predicted difference is the one that every caller finds`() throws {
        var random = SeededGenerator(seed: Soak.seed)
        var (found, cut) = (0, 0)
        for round in 0..<(400 * Soak.factor) {
            let choices = Self.choices(&random)
            let before = Self.rules(choices, &random)
            var after = before
            switch Int.random(in: 0..<3, using: &random) {
            case 0: after = Self.rules(choices, &random)
            case 1:
                after.permissions.append(Self.permission(&random))
                if Bool.random(using: &random) {
                    after.prohibitions.append(Self.prohibition(&random))
                }
            default:
                _ = after.permissions.popLast()
                _ = after.prohibitions.popLast()
            }
            let common = Policy(
                permissions: Bool.random(using: &random)
                    ? [
                        Permission(
                            assignee: .anyone,
                            actions: [.read],
                            target: .type(Self.types[0])
                        )
                    ] : []
            )
            let difference = PolicyDifference(from: before, to: after, under: common, at: Self.now)
            // A few have more entries than a difference may have.
            guard difference.isComplete else {
                cut += 1
                continue
            }
            for _ in 0..<6 {
                found += Self.check(difference, before, after, common, &random)
            }
            if round % 4 == 0 { Self.checkEntries(difference, before, after, common) }
        }
        // The worlds are such that there is something to find.
        #expect(found > 100 * Soak.factor)
        #expect(cut < 10 * Soak.factor)
    }

    @Test func `what does not change the rules changes nothing`() {
        var random = SeededGenerator(seed: Soak.seed)
        let rules = Self.rules(ChoiceBook(), &random)
        let difference = PolicyDifference(
            from: rules,
            to: rules,
            under: Policy(permissions: []),
            at: Self.now
        )
        #expect(difference.entries.isEmpty && difference.isComplete)
    }

    // MARK: Checks

    /// Asks as a random caller at a random moment; returns how many differences it found.
    private static func check(
        _ difference: PolicyDifference,
        _ before: TenantRules,
        _ after: TenantRules,
        _ common: Policy,
        _ random: inout SeededGenerator
    ) -> Int {
        let moment = Timestamp(
            microseconds: Int64.random(in: 1_000_000..<5_000_000, using: &random)
        )
        var caller = self.caller(&random)
        let named = Set(
            (before.permissions + after.permissions).flatMap(\.purposes)
                + (before.prohibitions + after.prohibitions).flatMap(\.purposes)
        ).sorted { $0.text < $1.text }
        // The same rules are about a purpose and the one that stands for it.
        func kind(_ purpose: Purpose?) -> [Bool]? {
            purpose.map { purpose in
                named.flatMap { [purpose.isOrNarrower(than: $0), $0.isOrNarrower(than: purpose)] }
            }
        }
        // Whom no rule names is one of the others, whether it has a rule in other worlds or not.
        let isNamed = difference.cells.contains { $0.party == caller.party }
        let party =
            isNamed || caller.party == .anonymous
            ? caller.party : .named(PolicyDifference.otherParty)
        let cell = difference.cells.first { cell in
            cell.time.contains(moment) && cell.party == party
                && cell.otherRoles == caller.otherRoles.intersection(difference.roleNames)
                && (cell.purpose?.isKnown ?? true) && kind(cell.purpose) == kind(caller.purpose)
        }
        // What people chose may tell purposes apart that are alike to the rules.
        if let cell { caller.purpose = cell.purpose }
        let old = before.policy(under: common, at: moment)
        let new = after.policy(under: common, at: moment)
        var found = 0
        for action in [Action.read, .subscribe, .write] {
            for entity in entities {
                let was = sees(entity, old, caller, action)
                let becomes = sees(entity, new, caller, action)
                let predicted = difference.entries.filter {
                    $0.cell == cell && $0.action == action && $0.entities.matches(entity)
                }
                let gained = predicted.contains { $0.effect == .gains && $0.attributes.isEmpty }
                let lost = predicted.contains { $0.effect == .loses && $0.attributes.isEmpty }
                #expect(gained == (was == nil && becomes != nil), "seed \(Soak.seed)")
                #expect(lost == (was != nil && becomes == nil), "seed \(Soak.seed)")
                if was != becomes { found += 1 }
                guard let was, let becomes else { continue }
                let shown = predicted.filter { $0.effect == .gains }
                    .reduce(into: Set<IRI>()) { $0.formUnion($1.attributes) }
                let hidden = predicted.filter { $0.effect == .loses }
                    .reduce(into: Set<IRI>()) { $0.formUnion($1.attributes) }
                #expect(shown == was.subtracting(becomes), "seed \(Soak.seed)")
                #expect(hidden == becomes.subtracting(was), "seed \(Soak.seed)")
            }
        }
        return found
    }

    /// No entry is told of that nobody could find.
    private static func checkEntries(
        _ difference: PolicyDifference,
        _ before: TenantRules,
        _ after: TenantRules,
        _ common: Policy
    ) {
        for entry in difference.entries {
            let moment = entry.cell.time.from ?? now
            let caller = entry.cell.caller
            let old = before.policy(under: common, at: moment)
            let new = after.policy(under: common, at: moment)
            for entity in entities where entry.entities.matches(entity) {
                #expect(
                    sees(entity, old, caller, entry.action)
                        != sees(entity, new, caller, entry.action),
                    "seed \(Soak.seed)"
                )
            }
        }
    }

    /// The attributes hidden in what the caller sees or may change; nil where it may not.
    private static func sees(
        _ entity: Entity,
        _ policy: Policy,
        _ caller: Caller,
        _ action: Action
    ) -> Set<IRI>? {
        if action == .write {
            guard case .grant(let grant) = policy.decideWrite(caller),
                grant.condition.matches(entity)
            else { return nil }
            return grant.hidden.names(in: entity)
        }
        guard case .grant(let grant) = policy.decideRead(caller, action: action),
            grant.covers(entity)
        else { return nil }
        return grant.hidden.names(in: entity)
    }

    // MARK: Chance

    private static let purposes = ["dpv:Marketing", "dpv:DirectMarketing", "dpv:PublicHealth"]
        .map { Purpose($0) }

    private static func caller(_ random: inout SeededGenerator) -> Caller {
        var caller = Caller(
            party: ([.anonymous, .named(PartyID("somebody"))] + parties.map { .named($0) })
                .randomElement(using: &random) ?? .anonymous,
            purpose: ([nil] + purposes.map { $0 }).randomElement(using: &random) ?? nil
        )
        if Bool.random(using: &random) { caller.otherRoles = ["nurse"] }
        return caller
    }

    private static func choices(_ random: inout SeededGenerator) -> ChoiceBook {
        let book = ChoiceBook()
        for person in ["urn:siti", "urn:budi"] where Bool.random(using: &random) {
            let kind = Choice.Kind.allCases.randomElement(using: &random) ?? .object
            let purpose = purposes.randomElement(using: &random) ?? purposes[0]
            book.replace([Choice(kind, purpose)], of: person)
        }
        return book
    }

    private static func rules(
        _ choices: ChoiceBook,
        _ random: inout SeededGenerator
    ) -> TenantRules {
        let (permissions, prohibitions) =
            (Int.random(in: 0...3, using: &random), Int.random(in: 0...2, using: &random))
        return TenantRules(
            classification: classification,
            permissions: (0..<permissions).map { _ in permission(&random) },
            prohibitions: (0..<prohibitions).map { _ in prohibition(&random) },
            choices: choices
        )
    }

    private static func assignee(_ random: inout SeededGenerator) -> Permission.Assignee {
        let all: [Permission.Assignee] = [
            .anyone, .party(parties[0]), .party(parties[1]), .otherRole("nurse"),
            .all([.party(parties[0]), .otherRole("nurse")]),
        ]
        return all.randomElement(using: &random) ?? .anyone
    }

    private static func target(_ random: inout SeededGenerator) -> Condition {
        let all: [Condition] = [
            .everything, .type(types[0]), .type(types[1]), .type(types[2]),
            .ids([EntityID("urn:e:1")]), .ids([EntityID("urn:e:1"), EntityID("urn:e:2")]),
            .type(types[0]).or(.type(types[2])),
            .type(types[2]).and(.scope(ScopePattern(segments: ["North"]))),
        ]
        return all.randomElement(using: &random) ?? .everything
    }

    private static func validity(_ random: inout SeededGenerator) -> Validity {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Validity(until: Timestamp(microseconds: 2_500_000))
        case 1: Validity(from: Timestamp(microseconds: 3_500_000))
        default: Validity()
        }
    }

    private static func permission(_ random: inout SeededGenerator) -> Permission {
        let some = Bool.random(using: &random)
        var rule = Permission(
            assignee: assignee(&random),
            actions: [[.read, .subscribe], [.write], [.read]].randomElement(using: &random) ?? [],
            target: target(&random),
            purposes: some ? [purposes.randomElement(using: &random) ?? purposes[0]] : [],
            basis: [.untilObjected, .consent, .override].randomElement(using: &random) ?? .consent,
            validity: validity(&random)
        )
        if Int.random(in: 0..<4, using: &random) == 0 { rule.classes = [.public, .personal] }
        return rule
    }

    private static func prohibition(_ random: inout SeededGenerator) -> Prohibition {
        let (assignee, target) = (assignee(&random), target(&random))
        var rule =
            Bool.random(using: &random)
            ? Prohibition(assignee: assignee, target: target, actions: [.read, .write])
            : Prohibition(assignee: assignee, target: target, attributes: [IRI("urn:who")])
        if Bool.random(using: &random) {
            rule.purposes = [purposes.randomElement(using: &random) ?? purposes[0]]
        }
        rule.validity = validity(&random)
        return rule
    }
}

extension PolicyDifference {
    /// The roles that its cells tell apart.
    fileprivate var roleNames: Set<String> {
        cells.reduce(into: Set<String>()) { $0.formUnion($1.otherRoles) }
    }
}
