import Clauses
import ContextModel
import Governance
import Storage
import Testing

@testable import Broker

@Suite(.clause("5.8.6")) struct SubscriptionMatchTests {
    private let now = Timestamp(microseconds: 1_000_000)
    private let later = Timestamp(microseconds: 2_000_000)

    private func subscription(_ members: JSONObject, id: String = "urn:s") throws -> Subscription {
        var body = members
        var notification = body["notification"]?.objectValue ?? [:]
        notification["endpoint"] = ["uri": "http://r.example/"]
        body["notification"] = .object(notification)
        return try SubscriptionReader(context: .core).subscription(body, id: id)
    }

    private func bus(_ speed: Int, _ other: [(String, Int)] = []) -> Entity {
        let all = [("speed", speed)] + other
        return Entity(
            id: EntityID("urn:bus:1"),
            types: [LDContext.core.expand("Bus")],
            attributes: all.map { name, value in
                NamedAttribute(
                    name: LDContext.core.expand(name),
                    instances: [Attribute(kind: .property, value: .number(JSONNumber(value)))]
                )
            }
        )
    }

    private func name(_ term: String) -> IRI { LDContext.core.expand(term) }

    private func update(_ old: Entity, _ new: Entity) -> EntityChange {
        EntityChange.replacement(of: old, with: new, at: later)
    }

    @Test func `creating an entity notifies of its attributes by default`() throws {
        let change = EntityChange.creation(of: bus(10), at: now)
        let match = try subscription(["entities": [["type": "Bus"]]]).match(change, at: now)
        #expect(match == .init(isForEntity: false, attributes: [name("speed")]))
        let other = try subscription(["entities": [["type": "Car"]]])
        #expect(other.match(change, at: now) == nil)
    }

    @Test func `an equal value is no change`() throws {
        let subscription = try subscription(["entities": [["type": "Bus"]]])
        #expect(subscription.match(update(bus(10), bus(10)), at: later) == nil)
        #expect(subscription.match(update(bus(10), bus(11)), at: later) != nil)
    }

    @Test func `patterns of a subscription have a budget`() throws {
        func make(_ count: Int, q: String = "x") throws {
            let selectors = Array(
                repeating: ["type": "Bus", "idPattern": "a"] as JSONValue,
                count: count
            )
            _ = try subscription(["entities": .array(selectors), "q": .string(q)])
        }
        try make(Pattern.maximumTogether)
        let refused = BrokerError(.tooComplexQuery, "")
        #expect(throws: refused) { try make(Pattern.maximumTogether + 1) }
        #expect(throws: refused) { try make(Pattern.maximumTogether, q: "x~=a") }
        #expect(throws: refused) { try make(1, q: "x~=a{600}|x!~=b{600}") }
    }

    @Test func `the cost of one party's conditions is taken from its own allowance`() throws {
        let hostile = try indexed(
            ["entities": [["type": "Bus"]], "q": "name~=(a|b)*a(a|b){50}c"],
            id: "urn:hostile"
        )
        let other = try indexed(
            ["entities": [["type": "Bus", "idPattern": "^urn:bus:[0-9]+$"]], "q": "name"],
            id: "urn:other",
            owner: .named(PartyID("other"))
        )
        var chance: UInt32 = 1
        let bytes = (0..<3_800).map { _ in
            chance = chance &* 1_664_525 &+ 1_013_904_223
            return UInt8(0x61 + chance >> 31)
        }
        let text = String(decoding: bytes, as: UTF8.self) + "a" + String(repeating: "b", count: 50)
        var bus = bus(1)
        bus.attributes.append(
            NamedAttribute(
                name: name("name"),
                instances: [Attribute(kind: .property, value: .string(text + "c"))]
            )
        )
        let change = EntityChange.creation(of: bus, at: now)
        let allowances = MatchingAllowances()
        var (told, toldOther) = (0, 0)
        for _ in 0..<20 {
            allowances.noteChange()
            told += hostile.meetsTarget(change, within: allowances) ? 1 : 0
            toldOther += other.meetsTarget(change, within: allowances) ? 1 : 0
        }
        #expect((1..<20).contains(told) && toldOther == 20)
        // The allowance grows again.
        for _ in 0..<100 { allowances.noteChange() }
        #expect(hostile.meetsTarget(change, within: allowances))
    }

    /// A line within a ring of positions, all of which are about as far from it.
    private func matchInRing(_ positions: Int) throws -> Bool {
        let ring = (0...positions).map { index -> JSONValue in
            let part = Double(index % positions) / Double(positions) * 4 - 2
            let x = part < 0 ? -1 - part : part - 1
            let y = (part < 0 ? -1.0 : 1) * (1 - x * x).squareRoot()
            return [.number(JSONNumber(100 + x)), .number(JSONNumber(10 + y))]
        }
        let line = (0...positions * 5).map { index -> JSONValue in
            [.number(JSONNumber(100 + Double(index) / 1e9)), 10]
        }
        let place = Entity(
            id: EntityID("urn:place"),
            types: [name("Place")],
            attributes: [
                NamedAttribute(
                    name: .location,
                    instances: [
                        Attribute(
                            kind: .geoProperty,
                            value: ["type": "LineString", "coordinates": .array(line)]
                        )
                    ]
                )
            ]
        )
        let geoQ: JSONValue = [
            "georel": "near;minDistance==1000", "geometry": "LineString",
            "coordinates": .array(ring),
        ]
        return try indexed(["entities": [["type": "Place"]], "geoQ": geoQ], id: "urn:ring")
            .meetsTarget(.creation(of: place, at: now), within: MatchingAllowances())
    }

    @Test func `a location that takes too long to compare does not notify`() throws {
        #expect(try matchInRing(20))
        #expect(try !matchInRing(400))
    }

    @Test func `a subscription's geometry has a limit of positions`() throws {
        func make(_ count: Int) throws {
            let geoQ: JSONValue = [
                "georel": "near;maxDistance==1", "geometry": "MultiPoint",
                "coordinates": .array(Array(repeating: [1, 2], count: count)),
            ]
            _ = try subscription(["entities": [["type": "Bus"]], "geoQ": geoQ])
        }
        try make(SubscriptionReader.maximumPositions)
        #expect(throws: BrokerError(.tooComplexQuery, "")) {
            try make(SubscriptionReader.maximumPositions + 1)
        }
    }

    @Test func `only watched attributes notify`() throws {
        let subscription = try subscription(["watchedAttributes": ["speed"]])
        let old = bus(10, [("load", 1)])
        #expect(subscription.match(update(old, bus(10, [("load", 2)])), at: later) == nil)
        #expect(
            subscription.match(update(old, bus(11, [("load", 2)])), at: later)?.attributes
                == [name("speed")]
        )
    }

    @Test func `each trigger notifies of its kind of change alone`() throws {
        let changes: [(Subscription.Trigger, EntityChange)] = [
            (.entityDeleted, .deletion(of: bus(10))),
            (.attributeUpdated, update(bus(10), bus(11))),
            (.attributeCreated, update(bus(10), bus(10, [("load", 1)]))),
            (.attributeDeleted, update(bus(10, [("load", 1)]), bus(10))),
        ]
        for (trigger, _) in changes {
            let subscription = try subscription([
                "entities": [["type": "Bus"]],
                "notificationTrigger": [.string(trigger.rawValue)],
            ])
            let notified = changes.filter { subscription.match($0.1, at: later) != nil }
            // The end of an entity is the end of its attributes, too.
            let expected: [Subscription.Trigger] =
                trigger == .attributeDeleted ? [.entityDeleted, trigger] : [trigger]
            #expect(notified.map(\.0) == expected)
        }
    }

    @Test func `a query may be percent-encoded`() throws {
        let subscription = try subscription([
            "entities": [["type": "Bus"]], "q": "speed%3E50",
        ])
        #expect(subscription.match(update(bus(40), bus(60)), at: later) != nil)
        #expect(subscription.match(update(bus(60), bus(40)), at: later) == nil)
    }

    @Test func `an attribute whose instances all end is shown once`() throws {
        var old = bus(10)
        var other = old.attributes[0].instances[0]
        other.datasetID = "urn:other"
        old.attributes[0].instances.append(other)
        var new = old
        new.attributes = []
        let change = update(old, new)
        let shown = try #require(change.notified(showsChanges: false, at: later))
        #expect(shown[name("speed")].map(\.datasetID) == [nil])
        #expect(shown[name("speed")][0].details?.previousValue == nil)
        let before = try #require(change.notified(showsChanges: true, at: later))
        #expect(before[name("speed")].map(\.details?.previousValue) == [10, 10])
    }

    @Test func `queries look at the state after the change`() throws {
        let subscription = try subscription(["entities": [["type": "Bus"]], "q": "speed>50"])
        #expect(subscription.match(update(bus(60), bus(40)), at: later) == nil)
        #expect(subscription.match(update(bus(40), bus(60)), at: later) != nil)
    }

    @Test func `paused and expired subscriptions do not notify`() throws {
        let change = EntityChange.creation(of: bus(10), at: now)
        let paused = try subscription(["entities": [["type": "Bus"]], "isActive": false])
        #expect(paused.match(change, at: now) == nil)
        let expiring = try subscription([
            "entities": [["type": "Bus"]], "expiresAt": .string(later.text),
        ])
        #expect(expiring.match(change, at: now) != nil)
        #expect(expiring.match(change, at: later) == nil)
        #expect(expiring.status(at: later) == "expired")
    }

    @Test func `the index returns every subscription that matches, and few others`() throws {
        var index = SubscriptionIndex()
        let kinds: [JSONObject] = [
            ["entities": [["type": "Bus"]]], ["entities": [["type": "Bus,Car"]]],
            ["entities": [["type": "*"]]], ["watchedAttributes": ["speed"]],
            ["entities": [["type": "Bus", "id": "urn:bus:1"]]],
            ["entities": [["type": "Bus"]], "watchedAttributes": ["speed"]],
        ]
        for (number, kind) in kinds.enumerated() {
            try index.put(indexed(kind, id: "urn:yes:\(number)"))
        }
        for number in 0..<1_000 {
            try index.put(
                indexed(["entities": [["type": .string("Type\(number)")]]], id: "urn:no:\(number)")
            )
        }
        let change = EntityChange.creation(of: bus(10), at: now)
        let found = Set(index.candidates(for: change).map(\.record.id))
        #expect(found == Set(kinds.indices.map { "urn:yes:\($0)" }))
        for number in kinds.indices { index.remove("urn:yes:\(number)") }
        #expect(index.candidates(for: change).isEmpty)
    }

    @Test func `a subscription with many types and many attributes has few keys`() throws {
        let types = (0..<200).map { "Type\($0)" }.joined(separator: ",")
        let watched = (0..<300).map { JSONValue.string("a\($0)") } + ["speed"]
        let members: JSONObject = [
            "entities": [["type": .string(types)], ["type": "Bus"]],
            "watchedAttributes": .array(watched),
        ]
        #expect(SubscriptionIndex.keys(of: try subscription(members)).count == 201)
        var index = SubscriptionIndex()
        try index.put(indexed(members, id: "urn:wide"))
        #expect(index.candidates(for: .creation(of: bus(10), at: now)).count == 1)
        index.remove("urn:wide")
        #expect(index.candidates(for: .creation(of: bus(10), at: now)).isEmpty)
    }

    @Test func `the free steps of decisions have a limit together`() {
        let allowances = MatchingAllowances()
        let party = Party.named(PartyID("hostile"))
        /// The number of free decisions for one change that are decided.
        func decided(_ count: Int) -> Int {
            allowances.noteChange()
            return (0..<count).count { _ in
                allowances.decide(for: party) { $0.allows(MatchingAllowances.freeSteps) }
            }
        }
        let free = MatchingAllowances.mostFree / MatchingAllowances.freeSteps
        let atOnce = MatchingAllowances.most / MatchingAllowances.freeSteps
        #expect(decided(10_000) == free + atOnce)
        // From now on, only the growth with each change is decided in addition to free decisions.
        let back = MatchingAllowances.perChange / MatchingAllowances.freeSteps
        #expect(decided(10_000) == free + back)
        #expect(decided(free) == free)
    }

    @Test func `a subscriber without a right matches nothing`() throws {
        let members: JSONObject = ["entities": [["type": "Bus"]]]
        let creation = EntityChange.creation(of: bus(10), at: now)
        #expect(try indexed(members, id: "urn:s").sight(of: creation, at: now) != nil)
        let stranger = Party.named(PartyID("stranger"))
        let denied = try indexed(members, id: "urn:s", owner: stranger, Policy(permissions: []))
        #expect(denied.sight(of: creation, at: now) == nil)
        #expect(denied.sight(of: .deletion(of: bus(10)), at: now) == nil)
    }

    @Test func `rights are those of the policy in force after any changes`() throws {
        let members: JSONObject = ["entities": [["type": "Bus"]]]
        let creation = EntityChange.creation(of: bus(10), at: now)
        let source = PolicySource(Policy(permissions: []), tenants: [nil: TenantRules()])
        let subscription = try indexed(members, id: "urn:s", owner: .anonymous, by: source)
        func allowing(hidden: Set<IRI> = []) -> Policy {
            Policy(permissions: [
                Permission(
                    assignee: .anyone,
                    actions: [.subscribe],
                    target: .everything,
                    hiddenAttributes: hidden
                )
            ])
        }
        #expect(subscription.sight(of: creation, at: now) == nil)
        for hidden in [[], [name("speed")]] as [Set<IRI>] {
            source.replace(with: allowing(hidden: hidden))
            #expect(subscription.sight(of: creation, at: now) == .bothSides)
            #expect(subscription.rights.hidden.everywhere == hidden)
            #expect(subscription.rights === subscription.rights)
        }
        source.replace(with: Policy(permissions: []))
        #expect(subscription.sight(of: creation, at: now) == nil)
    }

    private func indexed(
        _ members: JSONObject,
        id: String,
        owner: Party = .operator,
        _ policy: Policy = SubscriptionFixture.open,
        by source: PolicySource? = nil
    ) throws -> IndexedSubscription {
        IndexedSubscription(
            subscription: try subscription(members, id: id),
            record: SubscriptionRecord(
                id: id,
                owner: owner,
                purpose: nil,
                context: .null,
                body: members,
                createdAt: now
            ),
            tenant: nil,
            policy: source ?? PolicySource(policy, tenants: [nil: TenantRules()])
        )
    }

    @Test func `a message decodes to itself, with deleted parts`() throws {
        let change = update(bus(10, [("load", 1)]), bus(11))
        var messages = ChangeMessages(change, at: later)
        messages.offer(
            to: try indexed(
                ["watchedAttributes": ["speed"], "notification": ["showChanges": true]],
                id: "urn:s"
            )
        )
        let told = try #require(messages.messages().first)
        let message = try #require(NotificationMessage(bytes: told.bytes))
        #expect(told.content == message)
        #expect(
            message.events.attributes
                == [name("speed"): [.attributeUpdated], name("load"): [.attributeDeleted]]
        )
        #expect(message.deletedAt == nil)
        #expect(message.entity[name("speed")].first?.details?.previousValue == 10)
        let gone = try #require(message.entity[name("load")].first)
        #expect(gone.value == .string(NGSILDNull.uri))
        #expect(gone.details?.deletedAt == later)
        #expect(NotificationMessage(bytes: [1, 0, 0, 9, 1]) == nil)
    }

    @Test func `a change is one message, for any number and kinds of watchers`()
        throws
    {
        let names = (0..<500).map { "a\($0)" }
        let old = bus(1, names.map { ($0, 1) })
        let change = update(old, bus(2, names.map { ($0, 2) }))
        var messages = ChangeMessages(change, at: later)
        for (number, name) in names.enumerated() {
            messages.offer(
                to: try indexed(["watchedAttributes": [.string(name)]], id: "urn:s:\(number)")
            )
        }
        messages.offer(to: try indexed(["watchedAttributes": ["nothing"]], id: "urn:none"))
        let told = messages.messages()
        #expect(told.map(\.recipients.count) == [500])
        #expect((told.first?.bytes.count ?? .max) < 200 * names.count)
    }

    @Test func `a message of the first version notifies of the attributes that it names`() throws {
        let head = #"{"entity":true,"attributes":["\#(name("speed").text)"]}"#
        let bytes = [1, 0, 0, UInt8(head.utf8.count)] + head.utf8 + EntityCodec.encode(bus(1))
        let message = try #require(NotificationMessage(bytes: bytes))
        #expect(message.events == .init(entity: .entityCreated, attributes: [name("speed"): []]))
        let subscription = try subscription(["watchedAttributes": ["speed"]])
        #expect(subscription.match(message.events)?.attributes == [name("speed")])
    }
}

extension IndexedSubscription {
    fileprivate func sight(of change: EntityChange, at now: Timestamp) -> Sight? {
        mayNotify(at: now) ? sight(of: change, by: rights) : nil
    }

    fileprivate func meetsTarget(
        _ change: EntityChange,
        within allowances: MatchingAllowances
    ) -> Bool {
        meetsTarget(change, shapedBy: EntityShaping(), within: allowances)
    }
}

extension Subscription {
    /// The match for somebody who may see everything.
    fileprivate func match(_ change: EntityChange, at now: Timestamp) -> Match? {
        guard isInForce(at: now), let state = change.after ?? change.before,
            preparedTarget.matches(state)
        else { return nil }
        return match(
            change.events(hiding: HiddenInChange(change, from: HiddenAttributes(), isNew: false))
        )
    }
}
