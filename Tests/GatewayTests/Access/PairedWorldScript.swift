import Chance
import ContextModel
import HTTPTypes

/// The events in two worlds: the same for the reader, and different in hidden places.
struct PairedWorldScript {
    private let rules: PairedRules
    /// The scope of each existing entity: its last digit.
    private var places: [String: Int] = [:]
    private(set) var steps: (a: [WorldStep], b: [WorldStep]) = ([], [])
    private var dice: SeededGenerator
    private var moment: Int64 = 1_700_000_000_000_000
    /// How many readings have a time of their own.
    private var readings: Int64 = 0

    static let ids = (0..<12).map { "urn:x:Tree:\($0)" } + (0..<4).map { "urn:x:Bench:\($0)" }
    /// Who objects, where people choose, and who does not.
    static let hiddenPerson = "urn:x:Person:hidden"
    private static let openPerson = "urn:x:Person:open"

    private static let hiddenIDs = (0..<6).map { "urn:x:Hidden:\($0)" }

    init(_ rules: PairedRules, seed: UInt64, steps count: Int) {
        self.rules = rules
        dice = SeededGenerator(seed: seed)
        for id in Self.ids { both(create(id)) }
        for _ in 0..<count {
            switch Int.random(in: 0..<3, using: &dice) {
            case 0 where rules == .perEntity && number(3) == 0: move()
            case 0: both(visibleChange())
            case 1: steps.a.append(WorldStep(at: next(), request: hiddenChange()))
            default: steps.b.append(WorldStep(at: next(), request: hiddenChange()))
            }
        }
    }

    private mutating func next() -> Timestamp {
        moment += 1_000_000
        return Timestamp(microseconds: moment)
    }

    /// Adds an event for both worlds; where the body says HIDDEN, each has its own text.
    private mutating func both(_ request: WorldRequest) {
        let now = next()
        let (a, b) = (inOneWorld(request), inOneWorld(request))
        steps.a.append(WorldStep(at: now, request: a))
        steps.b.append(WorldStep(at: now, request: b))
    }

    private mutating func inOneWorld(_ request: WorldRequest) -> WorldRequest {
        var own = request
        own.body = own.body?.replacing("NAME", with: number(3) == 0 ? "" : name())
            .replacing("BENCH", with: number(3) == 0 ? "" : height() + place())
            .replacing("HIDDEN", with: hiddenMembers())
        while let place = own.body?.firstRange(of: "FINE") {
            own.body?.replaceSubrange(place, with: "\(number(5))")
        }
        return own
    }

    // MARK: Visible events

    private mutating func create(_ id: String) -> WorldRequest {
        let type = id.contains("Bench") ? "Bench" : "Tree"
        let scope = number(3)
        places[id] = places[id] ?? scope
        let body = """
            {"id": "\(id)", "type": "\(type)", "scope": "/public/p\(scope)"
             \(person(Self.openPerson))
             \(hides(.height, in: id) ? "BENCH" : height() + place())
             \(hides(.name, in: id) ? "NAME" : name()),
             "next": {"type": "Relationship", "object": "\(anyID())"} HIDDEN}
            """
        return WorldRequest(method: .post, uri: "/ngsi-ld/v1/entities", body: body)
    }

    private mutating func visibleChange() -> WorldRequest {
        let id = Self.ids.randomElement(using: &dice) ?? ""
        let entity = "/ngsi-ld/v1/entities/\(id)"
        switch Int.random(in: 0..<10, using: &dice) {
        case 0:
            places[id] = nil
            return WorldRequest(method: .delete, uri: entity)
        case 1: return create(id)
        case 2 where hides(.height, in: id):
            return WorldRequest(
                method: .delete,
                uri: entity + "/attrs/extra\(number(3))?deleteAll=true"
            )
        case 3... where hides(.height, in: id):
            return WorldRequest(
                method: .post,
                uri: entity + "/attrs",
                body: #"{"extra\#(number(3))": \#(property())}"#
            )
        case 2: return WorldRequest(method: .delete, uri: entity + "/attrs/height?deleteAll=true")
        case 3:
            return WorldRequest(
                method: .post,
                uri: entity + "/attrs",
                body: #"{"extra\#(number(3))": \#(property())}"#
            )
        default:
            return WorldRequest(
                method: .post,
                uri: entity + "/attrs",
                body: #"{"height": \#(property(isFine: true))}"#
            )
        }
    }

    /// A reading, sometimes one of a `datasetId`, with a sub-attribute that is hidden.
    ///
    /// A fine one has decimals of its own in each world, where the rules hide them.
    private mutating func property(isFine: Bool = false) -> String {
        let dataset = number(3) == 0 ? #", "datasetId": "urn:x:d\#(number(2))""# : ""
        let decimals = isFine && rules == .shaped ? ".FINE" : ""
        let value = "\(number(20))\(decimals)"
        return #"{"type": "Property", "value": \#(value) \#(dataset) \#(observed()) HIDDEN}"#
    }

    /// Each time another moment: of a history with two readings of one, their number tells whether they differ
    /// (docs/threat-model.md).
    private mutating func observed() -> String {
        guard number(2) == 0 else { return "" }
        readings += 1
        let moment = Timestamp(microseconds: 1_699_999_000_000_000 + readings * 1_000_000)
        return #", "observedAt": "\#(moment.text)""#
    }

    private func person(_ uri: String) -> String {
        guard rules == .choices else { return "" }
        return #", "person": {"type": "Relationship", "object": "\#(uri)"}"#
    }

    private mutating func height() -> String { #", "height": \#(property(isFine: true))"# }

    private mutating func name() -> String {
        #", "name": {"type": "Property", "value": "n\#(number(5))"}"#
    }

    private mutating func place() -> String {
        let decimals = rules == .shaped ? ".00FINE" : ""
        let (x, y) = ("\(number(10))\(decimals)", "\(number(10))\(decimals)")
        let point = #"{"type": "Point", "coordinates": [\#(x), \#(y)]}"#
        return #", "location": {"type": "GeoProperty", "value": \#(point)}"#
    }

    // MARK: Hidden in some entities

    private enum Part { case height, name }

    /// Whether the part of the entity differs between the worlds.
    private func hides(_ part: Part, in id: String) -> Bool {
        // What is delayed for longer than the world lasts.
        if rules == .shaped { return part == .name }
        guard rules == .perEntity else { return false }
        return part == .height ? id.contains("Bench") : places[id] == 2
    }

    /// Moves an entity to another scope: into the one that hides its name, or out of it.
    ///
    /// What becomes visible must be the same in both worlds: the name is removed before, or by the
    /// move itself.
    private mutating func move() {
        guard let (id, place) = places.sorted(by: { $0.key < $1.key }).randomElement(using: &dice)
        else { return }
        let entity = "/ngsi-ld/v1/entities/\(id)"
        let new = (place + 1 + number(2)) % 3
        places[id] = new
        let scope = #""scope": "/public/p\#(new)""#
        guard place == 2 else {
            let own = new == 2 ? "NAME" : ""
            return both(WorldRequest(method: .patch, uri: entity, body: "{\(scope) \(own)}"))
        }
        if number(2) == 0 {
            let isBench = id.contains("Bench")
            let (type, height) = isBench ? ("Bench", "BENCH") : ("Tree", self.height())
            let body = #"{"type": "\#(type)", \#(scope) \#(height) HIDDEN}"#
            return both(WorldRequest(method: .put, uri: entity, body: body))
        }
        both(WorldRequest(method: .delete, uri: entity + "/attrs/name?deleteAll=true"))
        both(WorldRequest(method: .patch, uri: entity, body: "{\(scope) \(name())}"))
    }

    /// A change of something that is hidden in this entity, and not in others.
    private mutating func partlyHiddenChange(_ id: String) -> WorldRequest {
        let entity = "/ngsi-ld/v1/entities/\(id)"
        let isName = !hides(.height, in: id) || hides(.name, in: id) && number(2) == 0
        if number(3) == 0 {
            let name = isName ? "name" : "height"
            return WorldRequest(method: .delete, uri: "\(entity)/attrs/\(name)?deleteAll=true")
        }
        let members = isName ? name() : number(2) == 0 ? height() : place()
        let body = "{\(members.dropFirst())}".replacing("HIDDEN", with: "")
        return WorldRequest(method: .post, uri: entity + "/attrs", body: body)
    }

    // MARK: Hidden events

    private mutating func hiddenMembers() -> String {
        number(2) == 0 ? "" : #", "secret": {"type": "Property", "value": \#(number(1_000))}"#
    }

    private mutating func hiddenChange() -> WorldRequest {
        var change = makeHiddenChange()
        change.body = change.body?.replacing("FINE", with: "\(number(5))")
        return change
    }

    private mutating func makeHiddenChange() -> WorldRequest {
        let id = Self.ids.randomElement(using: &dice) ?? ""
        let entity = "/ngsi-ld/v1/entities/\(id)"
        if hides(.height, in: id) || hides(.name, in: id), number(2) == 0 {
            return partlyHiddenChange(id)
        }
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: return WorldRequest(method: .delete, uri: entity + "/attrs/secret?deleteAll=true")
        case 1: return createHidden()
        case 2:
            let id = Self.hiddenIDs.randomElement(using: &dice) ?? ""
            return WorldRequest(method: .delete, uri: "/ngsi-ld/v1/entities/\(id)")
        case 3:
            let place = #"{"type": "Point", "coordinates": [\#(number(10)), \#(number(10))]}"#
            return WorldRequest(
                method: .post,
                uri: entity + "/attrs",
                body: #"{"hiddenPlace": {"type": "GeoProperty", "value": \#(place)}}"#
            )
        default:
            return WorldRequest(
                method: .post,
                uri: entity + "/attrs",
                body: #"{"secret": \#(property().replacing("HIDDEN", with: ""))}"#
            )
        }
    }

    /// An entity of a type, or in a scope, that the reader may not see.
    private mutating func createHidden() -> WorldRequest {
        let type = ["Safe", "Tree", "Bench"].randomElement(using: &dice) ?? ""
        let body = """
            {"id": "\(Self.hiddenIDs.randomElement(using: &dice) ?? "")", "type": "\(type)",
             "scope": "/private/p\(number(3))", "height": \(property())
             \(person(Self.hiddenPerson)),
             "only\(number(3))": {"type": "Property", "value": \(number(9))},
             "location": {"type": "GeoProperty", "value":
              {"type": "Point", "coordinates": [\(number(10)), \(number(10))]}}}
            """.replacing("HIDDEN", with: "")
        return WorldRequest(method: .post, uri: "/ngsi-ld/v1/entities", body: body)
    }

    private mutating func anyID() -> String {
        (Self.ids + Self.hiddenIDs).randomElement(using: &dice) ?? ""
    }

    private mutating func number(_ below: Int) -> Int { Int.random(in: 0..<below, using: &dice) }
}
