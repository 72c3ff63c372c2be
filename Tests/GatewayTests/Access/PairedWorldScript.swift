import Chance
import ContextModel
import HTTPTypes

/// What happens in two worlds: to the reader's eyes the same, and in hidden places different.
struct PairedWorldScript {
    private(set) var steps: (a: [WorldStep], b: [WorldStep]) = ([], [])
    private var dice: SeededGenerator
    private var moment: Int64 = 1_700_000_000_000_000

    static let ids = (0..<12).map { "urn:x:Tree:\($0)" } + (0..<4).map { "urn:x:Bench:\($0)" }
    private static let hiddenIDs = (0..<6).map { "urn:x:Hidden:\($0)" }

    init(seed: UInt64, steps count: Int) {
        dice = SeededGenerator(seed: seed)
        for id in Self.ids { both(create(id)) }
        for _ in 0..<count {
            switch Int.random(in: 0..<3, using: &dice) {
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

    /// Happens in both worlds at the same moment; where the body says HIDDEN, each has its own.
    private mutating func both(_ request: WorldRequest) {
        let now = next()
        var (a, b) = (request, request)
        a.body = a.body?.replacing("HIDDEN", with: hiddenMembers())
        b.body = b.body?.replacing("HIDDEN", with: hiddenMembers())
        steps.a.append(WorldStep(at: now, request: a))
        steps.b.append(WorldStep(at: now, request: b))
    }

    // MARK: What the reader sees

    private mutating func create(_ id: String) -> WorldRequest {
        let type = id.contains("Bench") ? "Bench" : "Tree"
        let body = """
            {"id": "\(id)", "type": "\(type)", "scope": "/public/p\(number(3))",
             "height": \(property()), "name": {"type": "Property", "value": "n\(number(5))"},
             "location": {"type": "GeoProperty", "value":
              {"type": "Point", "coordinates": [\(number(10)), \(number(10))]}},
             "next": {"type": "Relationship", "object": "\(anyID())"} HIDDEN}
            """
        return WorldRequest(method: .post, uri: "/ngsi-ld/v1/entities", body: body)
    }

    private mutating func visibleChange() -> WorldRequest {
        let id = Self.ids.randomElement(using: &dice) ?? ""
        let entity = "/ngsi-ld/v1/entities/\(id)"
        switch Int.random(in: 0..<10, using: &dice) {
        case 0: return WorldRequest(method: .delete, uri: entity)
        case 1: return create(id)
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
                body: #"{"height": \#(property())}"#
            )
        }
    }

    /// A reading, sometimes one of a `datasetId`, with a sub-attribute that is hidden.
    private mutating func property() -> String {
        let dataset = number(3) == 0 ? #", "datasetId": "urn:x:d\#(number(2))""# : ""
        return #"{"type": "Property", "value": \#(number(20)) \#(dataset) HIDDEN}"#
    }

    // MARK: What the reader does not see

    private mutating func hiddenMembers() -> String {
        number(2) == 0 ? "" : #", "secret": {"type": "Property", "value": \#(number(1_000))}"#
    }

    private mutating func hiddenChange() -> WorldRequest {
        let entity = "/ngsi-ld/v1/entities/\(Self.ids.randomElement(using: &dice) ?? "")"
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

    /// Of a type, or in a place, that is not the reader's.
    private mutating func createHidden() -> WorldRequest {
        let type = ["Safe", "Tree", "Bench"].randomElement(using: &dice) ?? ""
        let body = """
            {"id": "\(Self.hiddenIDs.randomElement(using: &dice) ?? "")", "type": "\(type)",
             "scope": "/private/p\(number(3))", "height": \(property()),
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
