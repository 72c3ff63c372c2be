import Chance
import HTTPTypes

/// Questions by all ways to look beside the API of the standard: events, tiles, SensorThings, sums, features, tables,
/// tools of language models, the catalogue and the page of a type.
struct PairedWorldViews {
    /// Where they begin.
    static let ways: Set = [
        "aggregates", "catalog", "collections", "data", "events", "mcp", "ngsi-ld", "sensorthings",
        "tiles",
    ]
    private var dice: SeededGenerator

    init(seed: UInt64) { dice = SeededGenerator(seed: seed) }

    mutating func next() -> WorldRequest {
        switch number(8) {
        case 0: events()
        case 1: tile()
        case 2: thing()
        case 3: sums()
        case 4: feature()
        case 5: table()
        case 6: tool()
        default:
            WorldRequest(uri: one(of: ["/catalog", "/collections", rows(), rows(), rows()]))
        }
    }

    private mutating func events() -> WorldRequest {
        let watched = chance(3) ? "&attrs=\(attribute())" : ""
        let scope = chance(4) ? "&scopeQ=\(one(of: ["/public/p1", "/private/%23"]))" : ""
        let form = one(of: ["", "&options=keyValues", "&options=sysAttrs"])
        return WorldRequest(
            uri: "/events?type=\(type())&once=true&lastEventId=\(moment())"
                + filter() + watched + scope + form
        )
    }

    private mutating func tile() -> WorldRequest {
        let zoom = number(8)
        // About the degrees from 0 to 10, where everything is.
        let middle = 1 << max(0, zoom - 1)
        let (x, y) = (middle + number(2), max(0, middle - 1 + number(2)))
        let place = chance(6) ? "" : "/\(zoom)/\(x)/\(y)"
        return WorldRequest(uri: "/tiles/\(type())\(place)?\(filter().dropFirst())")
    }

    private mutating func thing() -> WorldRequest {
        let one = "('\(id())')"
        let name = attribute()
        let stream = "('\(id())%7C\(name)')"
        let value = number(20)
        let test = self.one(of: [
            "properties/\(name)%20gt%20\(value)", "properties/type%20eq%20'\(type())'",
            "Datastreams/ObservedProperty/id%20eq%20'\(name)'",
            "Datastreams/Observations/result%20gt%20\(value)",
            "st_within(Locations/location,geography'POLYGON((0%200,5%200,5%205,0%205,0%200))')",
        ])
        let path = self.one(of: [
            "Things?$top=100&$count=true", "Things?$filter=\(test)&$count=true",
            "Things?$orderby=properties/\(name)%20desc&$top=3", "Things\(one)",
            "Things\(one)/properties/\(name)", "Things\(one)?$expand=Datastreams,Locations",
            "Things?$expand=Datastreams($expand=Observations($top=2))&$top=4&$skip=\(number(4))",
            "Things\(one)/HistoricalLocations?$count=true", "Locations?$count=true",
            "Datastreams?$count=true", "Datastreams\(stream)/Observations?$count=true",
            "Datastreams\(stream)/Observations?$filter=result%20gt%20\(value)",
            "Datastreams\(stream)", "Observations?$top=20", "ObservedProperties?$count=true",
            "FeaturesOfInterest?$count=true", "Sensors?$count=true",
        ])
        return WorldRequest(uri: "/sensorthings/v1.1/\(path)")
    }

    private mutating func sums() -> WorldRequest {
        let group = one(of: [
            "", "&by=entity", "&by=type", "&by=scope:2", "&by=attribute:\(attribute())",
            "&by=area:\(type())",
        ])
        let time = one(of: ["", "&timeproperty=modifiedAt", "&timeproperty=createdAt"])
        return WorldRequest(
            uri: "/aggregates?type=\(type())&attrs=\(attribute()),\(attribute())&from=2020-01-01"
                + "&to=2030-01-01&period=\(one(of: ["whole", "year", "month"]))"
                + "&methods=avg,sum,count,min,max" + group + time + filter()
                + one(of: ["", "&format=csv"])
        )
    }

    private mutating func feature() -> WorldRequest {
        let items = "/collections/\(type())/items"
        switch number(4) {
        case 0: return WorldRequest(uri: "\(items)/\(id())")
        case 1: return WorldRequest(uri: "/collections/\(type())")
        default:
            let place =
                chance(2) ? "&bbox=\(number(5)),\(number(5)),\(5 + number(5)),\(5 + number(5))" : ""
            let time = chance(3) ? "&datetime=\(moment())/.." : ""
            let page = "limit=\(number(6) + 1)&offset=\(number(4))"
            return WorldRequest(uri: "\(items)?\(page)" + place + time + filter())
        }
    }

    private mutating func table() -> WorldRequest {
        let layout = one(of: [
            "", "&layout=wide", "&layout=wide&attrs=\(attribute()),\(attribute())",
        ])
        let (entities, past) = ("/ngsi-ld/v1/entities", "/ngsi-ld/v1/temporal/entities")
        let time = "timerel=after&timeAt=\(moment())&timeproperty=modifiedAt"
        let uri =
            switch number(6) {
            case 0: "\(entities)/\(id())?format=csv" + layout
            case 1, 2: "\(entities)?type=\(type())&format=csv" + layout + filter()
            case 3: "\(past)?type=\(type())&format=csv&\(time)" + filter()
            case 4: "\(past)?type=\(type())&format=geojson&\(time)" + filter()
            default:
                "\(past)?type=\(type())&format=csv&\(time)&aggrMethods=totalCount,sum&aggrPeriodDuration=PT1M"
            }
        return WorldRequest(uri: uri)
    }

    private mutating func tool() -> WorldRequest {
        let kinds = #""type": "\#(type())""#
        let q = chance(2) ? #", "q": "\#(attribute())>\#(number(20))""# : ""
        let period = #", "timerel": "after", "timeAt": "\#(moment())""#
        let attrs = #", "attrs": "\#(attribute())""#
        let (name, arguments) = one(of: [
            ("list_types", "{}"), ("query_entities", "{\(kinds)\(q)}"),
            ("query_entities", "{\(kinds)\(q)\(attrs)}"), ("read_history", "{\(kinds)}"),
            ("read_history", "{\(kinds)\(period)\(attrs)}"),
            (
                "aggregate_history",
                #"{\#(kinds)\#(period), "aggrMethods": "totalCount,sum", "aggrPeriodDuration": "PT0S"}"#
            ),
            ("explain_access", "{\(kinds)}"),
        ])
        return WorldRequest(
            method: .post,
            uri: "/mcp",
            body: """
                {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                 "params": {"name": "\(name)", "arguments": \(arguments)}}
                """
        )
    }

    private mutating func rows() -> String {
        "/data/rows?type=\(type())&from=2023-11-01&to=2023-11-30" + filter()
    }

    // MARK: Parts

    private mutating func filter() -> String {
        guard chance(2) else { return "" }
        let test = self.one(of: [
            attribute(), "!\(attribute())", "name~=n[0-\(number(5))]",
            "\(attribute())\(one(of: ["==", "!=", "%3E", "%3C="]))\(number(20))",
        ])
        return "&q=\(test)"
    }

    private mutating func type() -> String {
        one(of: ["Tree", "Tree", "Bench", "Safe", "Nothing"])
    }

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

    // MARK: Random choices

    private mutating func one<Choice>(of choices: [Choice]) -> Choice {
        choices[number(choices.count)]
    }
    private mutating func chance(_ one: Int) -> Bool { number(one) == 0 }
    private mutating func number(_ below: Int) -> Int { Int.random(in: 0..<below, using: &dice) }
}
