import Chance
import ContextModel
import Storage
import Synchronization
import Testing

@testable import Governance

/// Rights that are kept are those that would be decided anew.
@Suite struct KeptRightsTests {
    private static let visit = IRI("urn:Visit")
    private static let bench = IRI("urn:Bench")
    private static let bike = IRI("urn:Bike")
    private static let patient = IRI("urn:patient")
    private static let rider = IRI("urn:rider")
    private static let speed = IRI("urn:speed")
    private static let health = Purpose("dpv:PublicHealth")
    private static let clinic = Caller(party: .named(PartyID("clinic")), purpose: health)

    private static let classification = Classification([
        visit: .init(.personal, subjects: [SubjectPath(names: [patient])]),
        bench: .init(.public),
        bike: .init(
            .public,
            subjects: [SubjectPath(names: [rider])],
            attributes: [IRI("urn:phone"): .personal]
        ),
    ])

    private static func entity(_ id: String, _ type: IRI, _ names: [IRI: String]) -> Entity {
        var entity = Entity(id: EntityID(id), types: [type])
        entity.attributes = names.sorted { $0.key.text < $1.key.text }.map { name, person in
            NamedAttribute(
                name: name,
                instances: [
                    name == speed
                        ? Attribute(kind: .property, value: .number(JSONNumber(3)))
                        : Attribute(kind: .relationship, value: .string(person))
                ]
            )
        }
        return entity
    }

    private static let siti = entity("urn:visit:siti", visit, [patient: "urn:siti"])
    private static let entities = [
        siti, entity("urn:visit:budi", visit, [patient: "urn:budi"]),
        entity("urn:visit:0", visit, [:]),
        entity("urn:bench:1", bench, [:]),
        entity("urn:bike:1", bike, [rider: "urn:siti", IRI("urn:phone"): "1", speed: "3"]),
    ]

    private static let rule = Permission(
        assignee: .party(PartyID("clinic")),
        actions: [.read],
        target: .type(visit),
        purposes: [health],
        name: "urn:policy:clinic"
    )

    private static func grant(_ policy: Policy, _ caller: Caller = clinic) -> ReadGrant? {
        guard case .grant(let grant) = policy.decideRead(caller) else { return nil }
        return grant
    }

    private static func isSeen(_ policy: Policy, _ caller: Caller = clinic) -> Bool {
        grant(policy, caller)?.covers(siti) ?? false
    }

    private static let classes: [ClassSelection] = [
        .all, .all, ClassSelection(.words(["public"], isNegated: false)),
        ClassSelection(.below("personal", isOrEqual: false, isNegated: true)),
    ]

    private static let shapings: [Shaping?] =
        [nil, .delay(microseconds: 60_000_000)]
        + [5, 10].map { RoundingStep(JSONNumber($0)).map { .round($0) } }

    @Test func `rights that are kept show what rights that are not kept show`() {
        var random = SeededGenerator(seed: Soak.seed)
        let parties = [PartyID("clinic"), PartyID("office")]
        let purposes = [
            "dpv:PublicHealth", "dpv:Marketing", "dpv:DirectMarketing", "urn:no", "urn:none",
        ]
        .map { Purpose($0) }
        var shaped = 0
        for _ in 0..<20 * Soak.factor {
            func assignee() -> Permission.Assignee {
                [
                    .anyone, .otherRole("nurse"), .role(.admin), .party(parties[0]),
                    .party(parties[1]),
                ]
                .randomElement(using: &random) ?? .anyone
            }
            func target() -> Condition {
                [.everything, .type(Self.visit), .type(Self.bench), .type(Self.bike)]
                    .randomElement(using: &random) ?? .everything
            }
            let book = ChoiceBook()
            let policy = Policy(
                permissions: (0..<6).map { number in
                    var permission = Permission(
                        assignee: assignee(),
                        actions: [.read, .subscribe, .aggregate],
                        target: target(),
                        hiddenAttributes: number == 0 ? [Self.rider] : [],
                        purposes: purposes.prefix(3).filter { _ in Bool.random(using: &random) },
                        basis: [.untilObjected, .consent, .override].randomElement(using: &random)
                            ?? .consent
                    )
                    permission.classes = Self.classes.randomElement(using: &random) ?? .all
                    return permission.classified(by: Self.classification)
                },
                prohibitions: (0..<4).map { number in
                    var prohibition =
                        number == 0
                        ? Prohibition(assignee: assignee(), target: target(), actions: [.read])
                        : Prohibition(
                            assignee: assignee(),
                            target: target(),
                            attributes: [number == 1 ? Self.rider : Self.speed],
                            shaping: Self.shapings.randomElement(using: &random) ?? nil
                        )
                    prohibition.purposes = purposes.filter { _ in
                        Int.random(in: 0..<4, using: &random) == 0
                    }
                    prohibition.classes = Self.classes.randomElement(using: &random) ?? .all
                    return prohibition.classified(by: Self.classification)
                },
                classification: Self.classification,
                choices: book
            )
            let kept = policy.indexed
            for round in 0..<3 {
                let kind = Choice.Kind.allCases[round]
                book.replace([Choice(kind, purposes[0])], of: "urn:siti")
                for party in [Party.anonymous, .operator] + parties.map({ .named($0) }) {
                    for purpose in [nil] + purposes.map({ $0 }) {
                        var caller = Caller(party: party, purpose: purpose)
                        if Bool.random(using: &random) { caller.otherRoles = ["nurse"] }
                        if Bool.random(using: &random) { caller.roles = .admin }
                        for action in [Action.read, .subscribe, .aggregate] {
                            shaped += same(policy, kept, caller, action)
                        }
                    }
                }
            }
        }
        #expect(shaped > 100)
    }

    /// Whoever adds a member to `Caller` decides here whether rights depend on it: then it belongs to
    /// `CallerKind`.
    @Test func `the kind of a caller is all that rights depend on`() {
        func members(_ value: Any) -> [String] {
            Mirror(reflecting: value).children.compactMap(\.label)
        }
        #expect(
            members(Self.clinic)
                == [
                    "party", "roles", "otherRoles", "subject", "purpose", "tenant", "principals",
                    "barred", "hubs", "asker", "address",
                ]
        )
        #expect(
            members(CallerKind(Self.clinic, .read))
                == ["action", "party", "principals", "barred", "roles", "otherRoles", "why"]
        )
        var other = Self.clinic
        other.subject = SubjectID("urn:siti")
        other.tenant = TenantName("north")
        #expect(CallerKind(other, .read) == CallerKind(Self.clinic, .read))
    }

    /// Matching looks at all changes and goes on for ever: notes of its own would grow with the city.
    @Test func `who is told of changes is found without notes, and by the same terms`() throws {
        func tests(_ condition: Condition) -> [SubjectTest] {
            switch condition {
            case .all(let parts), .any(let parts): parts.flatMap(tests)
            case .not(let part): tests(part)
            case .decided(let decision): [decision.decider as? SubjectTest].compactMap { $0 }
            default: []
            }
        }
        var rule = Self.rule
        rule.actions = [.subscribe]
        let book = ChoiceBook()
        let policy = Policy(
            permissions: [rule],
            classification: Self.classification,
            choices: book
        ).indexed
        for _ in 0..<2 {
            let view = try #require(
                policy.viewOfSubscriber(Self.clinic, condition: .type(Self.visit))
            )
            guard case .grant(let grant) = policy.decideRead(Self.clinic, action: .subscribe) else {
                Issue.record("no grant")
                return
            }
            #expect(tests(view.condition).contains { $0.asksPeople })
            #expect(tests(view.condition).allSatisfy { $0.notes == nil })
            #expect(tests(grant.condition).contains { $0.notes != nil })
            for entity in Self.entities {
                #expect(view.condition.matches(entity) == grant.covers(entity))
            }
            #expect(view.hidden.names(in: Self.siti) == grant.hidden.names(in: Self.siti))
            book.replace([Choice(.object, Self.health)], of: "urn:siti")
        }
        var hiding = rule
        hiding.hiddenAttributes = [Self.rider]
        let other = Policy(permissions: [hiding], classification: Self.classification)
        for (name, isKnown) in [(Self.rider, false), (Self.patient, true)] {
            let view = other.viewOfSubscriber(Self.clinic, condition: .attribute(name))
            #expect((view != nil) == isKnown)
        }
    }

    /// Returns how many entities were compared of which something is shaped.
    private func same(
        _ policy: Policy,
        _ kept: Policy,
        _ caller: Caller,
        _ action: Action
    ) -> Int {
        guard case .grant(let new) = policy.decideRead(caller, action: action),
            case .grant(let old) = kept.decideRead(caller, action: action)
        else {
            Issue.record("a grant is missing")
            return 0
        }
        var shaped = 0
        for entity in Self.entities {
            #expect(new.covers(entity) == old.covers(entity), "seed \(Soak.seed)")
            #expect(new.hidden.shaping(in: entity) == old.hidden.shaping(in: entity))
            if !new.hidden.shaping(in: entity).values.isEmpty { shaped += 1 }
            #expect(new.notes?[entity.id]?.subjects == old.notes?[entity.id]?.subjects)
        }
        return shaped
    }

    @Test func `a choice holds for rights that are kept, and for a grant that was made before`() {
        let book = ChoiceBook()
        let policy = Policy(
            permissions: [Self.rule],
            classification: Self.classification,
            choices: book
        ).indexed
        let before = Self.grant(policy)
        #expect(before?.covers(Self.siti) == true && before?.notes?.areStillAllowed == true)
        book.replace([Choice(.object, Self.health)], of: "urn:siti")
        #expect(!Self.isSeen(policy) && before?.covers(Self.siti) == false)
        #expect(before?.notes?.areStillAllowed == false)
        book.replace([Choice(.consent, Self.health)], of: "urn:siti")
        #expect(Self.isSeen(policy))
    }

    @Test func `a grant of before sees what is chosen in the book that comes after`() {
        let (first, second) = (ChoiceBook(), ChoiceBook())
        let policy = Policy(
            permissions: [Self.rule],
            classification: Self.classification,
            choices: first
        ).indexed
        let before = Self.grant(policy)
        #expect(before?.covers(Self.siti) == true)
        first.pass(to: second)
        #expect(before?.notes?.areStillAllowed == true)
        second.replace([Choice(.object, Self.health)], of: "urn:siti")
        #expect(before?.covers(Self.siti) == false && before?.notes?.areStillAllowed == false)
    }

    @Test(arguments: [("urn:Jos\u{e9}", "urn:Jose\u{301}"), ("urn:Jose\u{301}", "urn:Jos\u{e9}")])
    func `an objection holds for a name however its letters are put together`(
        chosen: String,
        named: String
    ) {
        let book = ChoiceBook()
        let policy = Policy(
            permissions: [Self.rule],
            classification: Self.classification,
            choices: book
        ).indexed
        let visit = Self.entity("urn:v", Self.visit, [Self.patient: named])
        #expect(Self.grant(policy)?.covers(visit) == true)
        book.replace([Choice(.object, Self.health)], of: chosen)
        #expect(Self.grant(policy)?.covers(visit) == false)
    }

    @Test func `each request takes notes of its own`() {
        let policy = Policy(permissions: [Self.rule], classification: Self.classification).indexed
        let grants = (0..<2).compactMap { _ in Self.grant(policy) }
        #expect(grants[0].covers(Self.siti))
        #expect(grants[0].notes?[Self.siti.id]?.subjects == ["urn:siti"])
        #expect(grants[1].notes?.isEmpty == true)
    }

    @Test func `each request takes notes of attributes about people, shown or shaped`() {
        var rule = Self.rule
        rule.target = .any([.type(IRI("urn:Other")), .type(Self.bike)])
        let rounding = Prohibition(
            assignee: .anyone,
            target: .type(Self.bike),
            attributes: [Self.speed],
            shaping: RoundingStep(JSONNumber(5)).map { .round($0) }
        )
        for prohibitions in [[], [rounding]] {
            let policy = Policy(
                permissions: [rule],
                prohibitions: prohibitions,
                classification: Self.classification
            ).indexed
            let grants = (0..<2).compactMap { _ in Self.grant(policy) }
            let bike = Self.entities[4]
            #expect(grants[0].hidden.names(in: bike).isEmpty)
            #expect(grants[0].notes?[bike.id]?.subjects == ["urn:siti"])
            #expect(grants[1].notes?.isEmpty == true)
            #expect(grants[0].hidden.shaping(in: bike).values.isEmpty == prohibitions.isEmpty)
            #expect(grants[1].hidden.names(in: bike).isEmpty)
            #expect(grants[1].notes?.isEmpty == false)
        }
    }

    @Test func `another rule, classification or date is heeded by the next decision`() {
        let moment = Mutex(Timestamp(microseconds: 0))
        let source = PolicySource(
            Policy(permissions: []),
            clock: { moment.withLock { $0 } }
        )
        func put(
            _ permissions: [Permission],
            _ classification: Classification = Self.classification
        ) {
            source.put(
                TenantRules(classification: classification, permissions: permissions),
                of: nil
            )
        }
        func isSeen() -> Bool { Self.isSeen(source.policy(of: nil)) }
        #expect(!isSeen())
        put([Self.rule])
        #expect(isSeen() && isSeen())
        put([])
        #expect(!isSeen())
        var hour = Self.rule
        hour.validity = Validity(
            from: Timestamp(microseconds: 10),
            until: Timestamp(microseconds: 20)
        )
        put([hour])
        for (time, isInForce) in [(0, false), (10, true), (19, true), (20, false)]
            as [(Int64, Bool)]
        {
            moment.withLock { $0 = Timestamp(microseconds: time) }
            #expect(isSeen() == isInForce, "\(time)")
        }
        put([Self.rule])
        #expect(isSeen())
        put(
            [Self.rule],
            Classification([
                Self.visit: .init(
                    .sensitive,
                    subjects: [
                        SubjectPath(names: [Self.patient])
                    ]
                )
            ])
        )
        #expect(!isSeen(), "sensitive data needs consent")
        put([Self.rule])
        #expect(isSeen())
        source.remove(nil)
        #expect(!isSeen())
    }

    @Test func `a policy that is changed keeps nothing`() {
        var policy = Policy(permissions: [Self.rule], classification: Self.classification).indexed
        #expect(Self.isSeen(policy))
        policy.classification = nil
        #expect(!Self.isSeen(policy))
        policy.classification = Self.classification
        #expect(Self.isSeen(policy))
        policy.choices = ChoiceBook()
        policy.choices?.replace([Choice(.object, Self.health)], of: "urn:siti")
        #expect(!Self.isSeen(policy))
    }

    @Test func `of more kinds of callers than are kept each has its own rights`() {
        let policy = Policy(permissions: [Self.rule], classification: Self.classification).indexed
        for number in 0..<KeptRights.most + 10 {
            let other = Caller(party: .named(PartyID("p\(number)")), purpose: Self.health)
            #expect(!Self.isSeen(policy, other))
        }
        #expect(Self.isSeen(policy))
    }
}
