import Chance
import HTTPTypes

/// Questions of a reader who tries to find hidden data: every way to filter, sort, count, page,
/// join, discover and read history.
struct PairedWorldQuestions {
    private var dice: SeededGenerator

    init(seed: UInt64) { dice = SeededGenerator(seed: seed) }

    mutating func next() -> WorldRequest {
        switch Int.random(in: 0..<13, using: &dice) {
        case 0..<6: return WorldRequest(uri: "/ngsi-ld/v1/entities?\(entityParameters())")
        case 6..<9: return temporal()
        case 9: return one()
        case 10: return discovery()
        case 11: return WorldRequest(uri: one(of: ["/", "/data", "/hub", "/metrics"]))
        default:
            return WorldRequest(
                method: .post,
                uri: "/ngsi-ld/v1/entityOperations/query",
                body: query()
            )
        }
    }

    /// A snapshot of several types.
    static let newSnapshot = WorldRequest(
        method: .post,
        uri: "/ngsi-ld/v1/snapshots",
        body: """
            {"type": "Snapshot", "snapshotQueries": [
             {"type": "Query", "entities": [{"type": "Tree"}, {"type": "Safe"}]},
             {"type": "Query", "entities": [{"type": "Bench"}]}]}
            """
    )

    // MARK: Entities

    private mutating func entityParameters() -> String {
        var parts = [type()]
        let isLinked = chance(8)
        if isLinked {
            parts.append(linked())
        } else if chance(2) {
            parts.append("q=\(q())")
        }
        if chance(4) {
            parts.append(one(of: ["scopeQ=/public/p1", "scopeQ=/private/%23", "scopeQ=/%23"]))
        }
        if chance(4) { parts.append(geo()) }
        if chance(3) { parts.append("orderBy=\(order())") }
        if chance(5) { parts.append("idPattern=\(one(of: ["Tree", "Hidden", ":1$", "."]))") }
        if chance(8) { parts.append("id=\(id()),\(id())") }
        if chance(3) { parts.append("limit=\(number(4) + 1)") }
        if chance(4) { parts.append("offset=\(number(8))") }
        if chance(3) { parts.append("count=true") }
        if chance(5) { parts.append("entityMap=true") }
        parts.append(contentsOf: shown().filter { !isLinked || !$0.hasPrefix("join") })
        return parts.joined(separator: "&")
    }

    private mutating func shown() -> [String] {
        var parts: [String] = []
        switch number(5) {
        case 0: parts.append("pick=id,\(attribute())")
        case 1: parts.append("omit=\(attribute())")
        case 2: parts.append("attrs=\(attribute())")
        default: break
        }
        switch number(4) {
        case 0: parts.append("options=keyValues")
        case 1: parts.append("options=sysAttrs")
        case 2: parts.append("options=concise,sysAttrs")
        default: break
        }
        if chance(4) {
            parts.append("join=\(one(of: ["inline", "flat"]))&joinLevel=\(number(3) + 1)")
        }
        return parts
    }

    private mutating func type() -> String {
        "type=" + one(of: ["Tree", "Bench", "Safe", "Tree,Safe", "(Tree%7CBench)", "Nothing", "*"])
    }

    private mutating func q() -> String {
        let test: String =
            switch number(6) {
            case 0: attribute()
            case 1: "!\(attribute())"
            case 2: "\(one(of: ["modifiedAt", "createdAt"]))%3E\(moment())"
            case 3: "name~=n[0-\(number(5))]"
            default: "\(attribute())\(one(of: ["==", "!=", "%3E", "%3C="]))\(number(20))"
            }
        return chance(4) ? test + one(of: ["%3B", "%7C"]) + q() : test
    }

    /// A term about the entities to which one leads.
    private mutating func linked() -> String {
        let type = one(of: ["", "Tree:", "Safe:", "Bench:"])
        let test = one(of: ["", "==\(number(20))", "%3E\(number(20))"])
        let names = ["height", "name", "secret", "hiddenPlace", "only1", "next"]
        return "q=next%7B\(type)\(one(of: names))%7D\(test)&join=flat&joinLevel=2"
    }

    private mutating func geo() -> String {
        let place = chance(4) ? "&geoproperty=\(one(of: ["location", "hiddenPlace"]))" : ""
        return "georel=near%3BmaxDistance==\(number(900) + 1)000&geometry=Point&"
            + "coordinates=[\(number(10)),\(number(10))]\(place)"
    }

    private mutating func order() -> String {
        one(of: [
            "height", "height;desc", "modifiedAt", "modifiedAt;desc", "createdAt;desc", "id;desc",
            "type,height", "secret", "name,modifiedAt",
        ])
    }

    private mutating func one() -> WorldRequest {
        let parts = shown().joined(separator: "&")
        return WorldRequest(uri: "/ngsi-ld/v1/entities/\(id())?\(parts)")
    }

    private mutating func query() -> String {
        """
        {"type": "Query", "entities": [{"type": "\(one(of: ["Tree", "Safe", "Bench"]))"}],
         "q": "height>\(number(20))"}
        """
    }

    // MARK: History

    private mutating func temporal() -> WorldRequest {
        let base = "/ngsi-ld/v1/temporal/entities"
        var parts = [
            one(of: [
                "timerel=after&timeAt=\(moment())", "timerel=before&timeAt=\(moment())",
                "timerel=after&timeAt=2000-01-01T00:00:00Z",
            ]),
            "timeproperty=\(one(of: ["modifiedAt", "createdAt", "deletedAt", "observedAt"]))",
        ]
        if chance(3) { parts.append("lastN=\(number(4) + 1)") }
        if chance(4) { parts.append("attrs=\(attribute())") }
        switch number(4) {
        case 0: parts.append("options=temporalValues")
        case 1: parts.append("options=sysAttrs")
        case 2:
            parts.append(
                "options=aggregatedValues&aggrMethods=totalCount,distinctCount,sum,min,max"
                    + "&aggrPeriodDuration=\(one(of: ["PT0S", "PT1M", "PT10S"]))"
            )
        default: break
        }
        if chance(3) {
            return WorldRequest(uri: "\(base)/\(id())?\(parts.joined(separator: "&"))")
        }
        parts.append(type())
        if chance(3) { parts.append("q=\(q())") }
        if chance(4) { parts.append("count=true&limit=\(number(4) + 1)") }
        return WorldRequest(uri: "\(base)?\(parts.joined(separator: "&"))")
    }

    // MARK: Discovery

    private mutating func discovery() -> WorldRequest {
        let paths = [
            "types", "types?details=true", "types/Tree", "types/Safe", "attributes",
            "attributes?details=true", "attributes/height", "attributes/secret",
            "attributes/name", "attributes/location", "types/Bench",
            "attributes/only1", "subscriptions", "jsonldContexts",
        ]
        return WorldRequest(uri: "/ngsi-ld/v1/\(one(of: paths))")
    }

    // MARK: Random choices

    private mutating func attribute() -> String {
        one(of: ["height", "height", "name", "extra1", "next", "secret", "only1", "location"])
    }

    private mutating func id() -> String {
        one(of: PairedWorldScript.ids + ["urn:x:Hidden:1", "urn:x:Hidden:2", "urn:x:Nobody"])
    }

    private mutating func moment() -> String {
        let second = number(400)
        let minute = String(13 + second / 60)
        return "2023-11-14T22:\(minute):\(second % 60 < 10 ? "0" : "")\(second % 60)Z"
    }

    private mutating func one(of choices: [String]) -> String {
        choices.randomElement(using: &dice) ?? ""
    }

    private mutating func chance(_ one: Int) -> Bool { number(one) == 0 }
    private mutating func number(_ below: Int) -> Int { Int.random(in: 0..<below, using: &dice) }
}
